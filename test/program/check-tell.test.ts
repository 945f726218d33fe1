import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BROKEN, BROKEN_ID, checkTest, conforms, type Rig, STATUS } from './check-rig.ts';

const CONFIG = '/etc/quiesced/quiesced.conf';

checkTest('a reader never sees a part of the status file', async (t, rig) => {
  await rig.run('check');
  const file = join(rig.root, STATUS);
  const inodes = new Set<number>();
  let reads = 0;
  let over = false;
  const look = () => {
    if (over) return;
    JSON.parse(readFileSync(file, 'utf8'));
    inodes.add(statSync(file).ino);
    reads += 1;
    setImmediate(look);
  };
  look();
  await Promise.all([rig.run('check'), rig.run('check')]);
  // One that comes right after another may have the number of the one before that: this one has been there for a while.
  await rig.run('check');
  look();
  over = true;
  t.ok(reads > 100 && inodes.size > 1, `${reads} reads, ${inodes.size} files one after the other`);
});

/** Appends what it is given, and how it was called. */
const TELL = (rig: Rig) => `#!/bin/sh\nread -r notice\nprintf '%s %s\\n' "$*" "$notice" >>'${rig.root}/told'\n`;

const noticesOf = (rig: Rig) =>
  rig
    .read('/told')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({ args: line.slice(0, line.indexOf('{') - 1), ...JSON.parse(line.slice(line.indexOf('{'))) }));

checkTest('a change for the worse is told once', async (t, rig) => {
  rig.put('/usr/local/sbin/tell', TELL(rig), 0o700);
  const notify = '[notify]\non-failure = /usr/local/sbin/tell\n';
  // Whatever else is wrong with the machine that this test runs on is told too, and does not count here.
  const count = () =>
    noticesOf(rig).filter(({ worse }) => worse.some(({ id }: { id: string }) => id === BROKEN_ID)).length;
  rig.put(CONFIG, notify);
  await rig.run('check');
  t.equal(count(), 0, 'nothing of it while all is well');
  rig.put(CONFIG, notify + BROKEN);
  await rig.run('check');
  t.equal(count(), 1, 'told');
  const notice = noticesOf(rig).at(-1);
  t.equal(notice?.args, 'worse fail');
  const { args: _, ...json } = notice ?? { args: '' };
  conforms(t, 'notice', json);
  await rig.run('check');
  t.equal(count(), 1, 'the same is not told again');
  rig.put(CONFIG, notify);
  await rig.run('check');
  t.equal(count(), 1, 'nor that it is mended');
  rig.put(CONFIG, notify + BROKEN);
  await rig.run('check');
  t.equal(count(), 2, 'but when it comes back');
});

checkTest('who cannot be told fails nothing', async (t, rig) => {
  rig.put('/usr/local/sbin/tell', '#!/bin/sh\nexit 7\n', 0o722);
  rig.put(CONFIG, `${BROKEN}[notify]\non-failure = /usr/local/sbin/tell\nurl = http://127.0.0.1:9/hook/hunter2\n`);
  const { code, stdout, stderr } = await rig.run('check');
  t.equal(code, 2, 'the exit code is that of the checks');
  t.match(stdout, /NOT READY/);
  t.match(stderr, /^quiesced: warn {2}the result was not told by notify-program: .* is writable by group and others/m);
  t.match(stderr, /^quiesced: warn {2}the result was not told by notify-url: 127\.0\.0\.1:9: .*ECONNREFUSED/m);
  t.notMatch(stderr, /hunter2/);
  t.not(rig.read(STATUS), '', 'and the others were told');
});

checkTest('metrics are replaced as a whole, where it is configured', async (t, rig) => {
  rig.put('/var/lib/node/other.prom', '');
  rig.put(CONFIG, '[report]\nprometheus = /var/lib/node/quiesced.prom\n');
  const { json } = await rig.run('check', '--json');
  const text = rig.read('/var/lib/node/quiesced.prom');
  t.match(text, new RegExp(`^quiesced_verdict ${json.exitCode}$`, 'm'));
  t.match(text, new RegExp(`^quiesced_last_check_timestamp_seconds ${Date.parse(json.time) / 1000}$`, 'm'));
  const samples = text.split('\n').filter((line) => line.startsWith('quiesced_check{'));
  const { pass, info, warn, fail, error } = json.counts;
  t.equal(samples.length, pass + info + warn + fail + error);
  t.equal(rig.mode('/var/lib/node/quiesced.prom'), 0o644);
});

checkTest('a wrong configuration is told, and the checks run all the same', async (t, rig) => {
  rig.put(CONFIG, '[report]\nprometheus = /var/lib/node/quiesced.txt\n');
  const { json, stderr } = await rig.run('check', '--json');
  t.match(stderr, /going on with the defaults: .*quiesced\.conf:2: \[report\] prometheus: does not end with \.prom/);
  t.match(json.expected, { consistency: 'none', reason: /does not end with \.prom/ });
  t.ok(json.findings.length > 1);
});
