import { chmodSync, chownSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { loadConfig } from '../../../agent/config/load.ts';
import { UserError } from '../../../agent/errors.ts';
import { DROP_INS, load, MAIN, refusal } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const fromFile = (line: number, file = MAIN) => ({ from: 'file', file, line });

t.test('a whole configuration, in the units of Config', async (t) => {
  const text = `\uFEFF# quiesced
[snapshot]
  frozen-deadline=500ms
quiesce-deadline = 2m
on-failure = abort
taker = command
taker-command = /bin/take, --name, a b , c=d
; another comment, with "quotes" and # and ;

[ freeze ]
exclude = /mnt/*, type:xfs, device:/dev/sdb1
expedite = no
[scripts]
pre = "/opt/a; b #1/\\"pre\\".sh"
post = '/opt/back\\\\slash'
qemu-hooks = /etc/qemu/fsfreeze-hook.d
vmware-scripts = /etc/vmware-tools/backupScripts.d
timeout = 1h
retries = 3
[schedule]
readiness = off
rehearsal = 30 3 * * sun
[proxy]
url = http://me:secret@proxy:3128
bypass = 169.254.169.254, .example, *.internal, fd00::/8
endpoints = a.blob.example, [fd00::8]:8443
manage = yes
[notify]
on-failure = /bin/mail
url = "https://hook.example/x?a=b#c"
[report]
prometheus = /var/lib/node/quiesced.prom
[vss]
volumes = C:\\, e:\\My data
backup-type = full
keep = 3
[log]
level = debug
`.replace('timeout = 1h', 'timeout = 30m');
  const { config, sources } = await load(text);
  t.strictSame(config, {
    snapshot: {
      frozenDeadlineMs: 500,
      quiesceDeadlineMs: 120_000,
      onFailure: 'abort',
      taker: 'command',
      takerCommand: ['/bin/take', '--name', 'a b', 'c=d'],
    },
    vss: { volumes: ['C:\\', 'e:\\My data'], backupType: 'full', keep: 3 },
    freeze: { exclude: ['/mnt/*', 'type:xfs', 'device:/dev/sdb1'], expedite: false },
    scripts: {
      pre: '/opt/a; b #1/"pre".sh',
      post: '/opt/back\\\\slash',
      qemuHooks: '/etc/qemu/fsfreeze-hook.d',
      vmwareScripts: '/etc/vmware-tools/backupScripts.d',
      timeoutMs: 1_800_000,
      retries: 3,
    },
    schedule: { readinessMs: undefined, rehearsal: '30 3 * * sun' },
    proxy: {
      url: 'http://me:secret@proxy:3128',
      bypass: ['169.254.169.254', '.example', '*.internal', 'fd00::/8'],
      endpoints: ['a.blob.example', '[fd00::8]:8443'],
      manage: true,
    },
    notify: { onFailure: '/bin/mail', url: 'https://hook.example/x?a=b#c' },
    report: { prometheus: '/var/lib/node/quiesced.prom' },
    log: { level: 'debug' },
    quiescers: [],
  });
  t.strictSame(sources['snapshot.frozen-deadline'], fromFile(3));
  t.strictSame(sources['log.level'], fromFile(38));
  t.ok(Object.values(sources).every(({ from }) => from === 'file'));
});

t.test('ends of lines: CRLF, and a lone CR as ini counts it', async (t) => {
  const { config, sources } = await load('[log]\r\n\r\nlevel = warn\r[freeze]\rexpedite = no\r\n');
  t.equal(config.log.level, 'warn');
  t.equal(config.freeze.expedite, false);
  t.strictSame(sources['log.level'], fromFile(3));
  t.strictSame(sources['freeze.expedite'], fromFile(5));
});

t.test('drop-ins: alphabetical, later wins, key by key', async (t) => {
  const { config, sources, files } = await load({
    [MAIN]: '[log]\nlevel = error\n[scripts]\nretries = 1\npre = /bin/pre\n',
    [`${DROP_INS}/20-b.conf`]: '\n[log]\nlevel = debug\n',
    [`${DROP_INS}/10-a.conf`]: '[log]\nlevel = warn\n[scripts]\nretries = 2\n',
    [`${DROP_INS}/30-c.conf.rpmnew`]: 'nonsense',
    [`${DROP_INS}/.#40-d.conf`]: 'nonsense',
    [`${DROP_INS}/README`]: 'nonsense',
  });
  t.equal(config.log.level, 'debug');
  t.equal(config.scripts.retries, 2);
  t.equal(config.scripts.pre, '/bin/pre');
  t.strictSame(sources['log.level'], fromFile(3, `${DROP_INS}/20-b.conf`));
  t.strictSame(sources['scripts.retries'], fromFile(4, `${DROP_INS}/10-a.conf`));
  t.strictSame(sources['scripts.pre'], fromFile(5));
  t.strictSame(sources['scripts.post'], { from: 'default' });
  t.strictSame(files, [MAIN, `${DROP_INS}/10-a.conf`, `${DROP_INS}/20-b.conf`]);
});

t.test('drop-ins alone, and files with nothing in them', async (t) => {
  const { config, files } = await load({ [`${DROP_INS}/a.conf`]: '[log]\nlevel = warn', [`${DROP_INS}/b.conf`]: '' });
  t.equal(config.log.level, 'warn');
  t.strictSame(files, [`${DROP_INS}/a.conf`, `${DROP_INS}/b.conf`]);
});

t.test('two files that are impossible only together', async (t) => {
  const error = await refusal({
    [MAIN]: '[snapshot]\nfrozen-deadline = 30s\n',
    [`${DROP_INS}/a.conf`]: '[snapshot]\nquiesce-deadline = 20s\n',
  });
  t.equal(error?.message, `${MAIN}:2: [snapshot] frozen-deadline: frozen-deadline is longer than quiesce-deadline`);
});

t.test('taker = none says that a command is kept without being used', async (t) => {
  const { config } = await load({
    [MAIN]: '[snapshot]\ntaker = command\ntaker-command = /bin/take\n',
    [`${DROP_INS}/off.conf`]: '[snapshot]\ntaker = none\n',
  });
  t.equal(config.snapshot.taker, 'none');
  t.strictSame(config.snapshot.takerCommand, ['/bin/take']);
});

t.test('quiescers keep what they are told, with its source', async (t) => {
  const { config, sources } = await load({
    [MAIN]: '[quiescer pg.main]\nenabled = no\nport = 5432\nfast = true\n[quiescer redis]\n[quiescer  pg]\nmain = x\n',
    [`${DROP_INS}/a.conf`]: '[quiescer pg.main]\nport = 5433\ntoString = "a; b"\n',
  });
  t.strictSame(
    config.quiescers.map(({ name, enabled }) => [name, enabled]),
    [
      ['pg.main', false],
      ['redis', true],
      ['pg', true],
    ],
  );
  const [main, redis, pg] = config.quiescers;
  t.strictSame(main?.settings, {
    port: { value: '5433', source: fromFile(2, `${DROP_INS}/a.conf`) },
    fast: { value: 'true', source: fromFile(4) },
    toString: { value: 'a; b', source: fromFile(3, `${DROP_INS}/a.conf`) },
  });
  t.strictSame(redis?.settings, {});
  t.strictSame(pg?.settings.main, { value: 'x', source: fromFile(7) });
  t.strictSame(sources['quiescer pg.main.enabled'], fromFile(2));
  t.strictSame(sources['quiescer pg.main.port'], fromFile(2, `${DROP_INS}/a.conf`));
  t.strictSame(sources['quiescer redis.enabled'], { from: 'default' });
});

t.test('Windows has its own places and paths', async (t) => {
  const folder = 'C:\\ProgramData\\quiesced\\quiesced.conf.d';
  const system = fakeSystem({
    platform: 'windows',
    files: {
      'C:\\ProgramData\\quiesced\\quiesced.conf': "[scripts]\r\npre = C:\\new\\pre.cmd\r\npost = '\\\\server\\x'\r\n",
      [`${folder}\\a.conf`]: '[freeze]\r\nexclude = D:\\, E:\\data\r\n',
      [`${folder}/exists`]: '',
    },
  });
  t.teardown(system.cleanUp);
  const { config, files } = await loadConfig({ ...system, list: async () => ['a.conf'] });
  t.equal(config.scripts.pre, 'C:\\new\\pre.cmd');
  t.equal(config.scripts.post, '\\\\server\\x');
  t.strictSame(config.freeze.exclude, ['D:\\', 'E:\\data']);
  t.equal(files[1], `${folder}\\a.conf`);
});

t.test('what cannot be read is said, never skipped', async (t) => {
  const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'quiesced.conf cannot be read: it is not a regular file': { [`${MAIN}/x`]: '' },
    'quiesced.conf cannot be read: it is a link to nothing': { [MAIN]: '-> /nowhere' },
    'quiesced.conf cannot be read: it is larger than 256 KiB': { [MAIN]: '#'.repeat(256 * 1024 + 1) },
    'quiesced.conf.d cannot be read: it is not a folder': { [DROP_INS]: '' },
    'a.conf cannot be read: it is not a regular file': { [`${DROP_INS}/a.conf/x`]: '' },
    'a.conf cannot be read: it is a link to nothing': { [`${DROP_INS}/a.conf`]: '-> gone' },
  };
  for (const [message, files] of Object.entries(cases)) {
    const error = await refusal(files);
    t.equal(error?.code, 'config.unreadable', message);
    t.match(error?.message.slice(-message.length), message);
    t.ok(error?.remedy);
  }
});

t.test('an error of the system keeps its cause; a bug stays a bug', async (t) => {
  const system = fakeSystem({ files: { [MAIN]: '' } });
  t.teardown(system.cleanUp);
  const failing = (error: Error) => loadConfig({ ...system, readText: () => Promise.reject(error) });
  const denied = Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  await t.rejects(failing(denied), { code: 'config.unreadable', cause: denied, remedy: 'Run the command as root.' });
  await t.rejects(failing(new TypeError('oops')), { name: 'TypeError' });
});

t.test('on the running machine, only root may have written the files', async (t) => {
  const system = fakeSystem({ files: { [MAIN]: '[log]\nlevel = warn\n', [`${DROP_INS}/a.conf`]: '' } });
  t.teardown(system.cleanUp);
  const live = { ...system, live: true };
  t.equal((await loadConfig(live)).config.log.level, 'warn');

  chmodSync(join(system.root, DROP_INS, 'a.conf'), 0o666);
  chownSync(join(system.root, MAIN), 1000, 0);
  const error = await loadConfig(live).catch((thrown: unknown) => thrown);
  t.ok(error instanceof UserError && error.code === 'config.unsafe');
  t.match(error, {
    message: `The configuration is not safe to use: ${MAIN} belongs to uid 1000, not to root`,
    remedy: `chown root ${MAIN}`,
  });
  t.equal((await loadConfig(system)).config.log.level, 'warn', 'on a mounted disk, owners mean nothing');

  chownSync(join(system.root, MAIN), 0, 0);
  await t.rejects(loadConfig(live), { message: /a\.conf is writable by group and others \(mode 0666\)$/ });
});

t.test('an empty folder where anybody could put a drop-in is not safe either', async (t) => {
  const system = fakeSystem();
  t.teardown(system.cleanUp);
  mkdirSync(join(system.root, DROP_INS), { recursive: true });
  chmodSync(join(system.root, '/etc/quiesced'), 0o1777);
  const live = { ...system, live: true };
  await t.rejects(loadConfig(live), { code: 'config.unsafe', remedy: 'chmod go-w /etc/quiesced' });

  chmodSync(join(system.root, '/etc/quiesced'), 0o755);
  chmodSync(join(system.root, DROP_INS), 0o775);
  await t.rejects(loadConfig(live), { code: 'config.unsafe', remedy: `chmod g-w ${DROP_INS}` });
});
