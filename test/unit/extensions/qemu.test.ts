import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { applyChanges, describeChange } from '../../../agent/system/changes.ts';
import { qemuGuestAgent } from '../../../extensions/qemu/guest-agent.ts';
import { HELD_MARK } from '../../../extensions/qemu/hook.ts';
import { hookInArgv, hookInConfig } from '../../../extensions/qemu/hooked.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';

const SELF = ['/usr/lib/quiesced/bin/node', '/usr/lib/quiesced/quiesced.mjs'];
const DISPATCHER = '/etc/qemu/fsfreeze-hook';
const FOLDER = `${DISPATCHER}.d`;
const HOOK = `${FOLDER}/10-quiesced`;
const CONF = '/etc/qemu/qemu-ga.conf';
const RED_HAT = '/etc/qemu-ga/fsfreeze-hook';

/** Debian's guest agent, under systemd, unless the files say otherwise. */
function machine(files: Readonly<Record<string, string>> = {}, unit = 'ExecStart=-/usr/sbin/qemu-ga\n') {
  const programs: Record<string, FakeProgram> = {
    'systemctl cat qemu-guest-agent.service': { stdout: unit },
    'systemctl try-restart qemu-guest-agent.service': {},
  };
  const debian = { [DISPATCHER]: '#!/bin/sh\n', [`${FOLDER}/other`]: '', '/run/systemd/system/x': '' };
  const system = fakeSystem({ files: { ...debian, ...files }, programs });
  t.teardown(system.cleanUp);
  const put = (path: string, text: string) => {
    mkdirSync(dirname(join(system.root, path)), { recursive: true });
    writeFileSync(join(system.root, path), text);
  };
  const plan = (self: readonly string[] | undefined = SELF) => qemuGuestAgent.plan(system, self);
  const removal = () => qemuGuestAgent.plan(system, undefined);
  const apply = async () => applyChanges(system, (await plan()).changes);
  return { system, put, plan, removal, apply, text: (path: string) => system.readText(path) };
}

t.test('Debian: a hook, and the setting that has it called', async (t) => {
  const { system, plan, removal, apply, text } = machine();
  const { changes } = await plan();
  t.strictSame(changes.map(describeChange), [
    `write ${HOOK} (0755)`,
    `write ${CONF} (0644)`,
    'run systemctl try-restart qemu-guest-agent.service',
  ]);
  await apply();
  t.match(await text(HOOK), /\/usr\/lib\/quiesced\/bin\/node \/usr\/lib\/quiesced\/quiesced\.mjs "\$@"/);
  t.match(await text(CONF), /^\[general\]\nfsfreeze-hook=\/etc\/qemu\/fsfreeze-hook\n# Written by quiesced/);
  t.strictSame((await plan()).changes, [], 'once is enough');
  t.strictSame(
    (await plan(['/opt/quiesced'])).changes.map(describeChange),
    [`write ${HOOK} (0755)`],
    'another quiesced: the hook calls that one',
  );
  chmodSync(join(system.root, HOOK), 0o644);
  t.strictSame((await plan()).changes.map(describeChange), [`remove ${HOOK}`, `write ${HOOK} (0755)`]);
  t.strictSame((await removal()).changes.map(describeChange), [
    `remove ${HOOK}`,
    `remove ${CONF}`,
    'run systemctl try-restart qemu-guest-agent.service',
  ]);
  await applyChanges(system, (await removal()).changes);
  t.strictSame((await removal()).changes, []);
  t.strictSame(await system.list('/etc/qemu'), ['fsfreeze-hook', 'fsfreeze-hook.d']);
});

t.test('Red Hat: the unit says it, so the hook is all', async (t) => {
  const files = { [RED_HAT]: '#!/bin/sh\n', [`${RED_HAT}.d/other`]: '' };
  const unit = `[Service]\nExecStart=/usr/bin/qemu-ga --method=virtio-serial -F\${FSFREEZE_HOOK_PATHNAME}\n`;
  const { system, plan } = machine(files, unit);
  await system.remove(DISPATCHER);
  const { changes, notes } = await plan();
  t.strictSame(changes.map(describeChange), [`write ${RED_HAT}.d/10-quiesced (0755)`]);
  t.equal(notes.length, 1);
});

t.test('where it runs no hook, and that cannot be set, a person is told', async (t) => {
  const files = { [RED_HAT]: '#!/bin/sh\n', [`${RED_HAT}.d/other`]: '' };
  const { system, plan } = machine(files);
  await system.remove(DISPATCHER);
  t.match((await plan()).notes[0], { message: /runs no hook/, remedy: `Start it with --fsfreeze-hook=${RED_HAT}` });

  const own = machine({ [CONF]: '[general]\nverbose=true\n' });
  const { changes, notes } = await own.plan();
  t.strictSame(changes.map(describeChange), [`write ${HOOK} (0755)`], "somebody else's file is not touched");
  t.match(notes[0], { remedy: new RegExp(`Add to \\[general\\] in ${CONF}: fsfreeze-hook=${DISPATCHER}`) });

  const other = machine({ [CONF]: '[general]\nfsfreeze-hook=/opt/own\n' });
  t.match((await other.plan()).notes[0], { message: /runs \/opt\/own around a freeze/ });

  const satisfied = machine({ [CONF]: `[general]\nfsfreeze-hook=${DISPATCHER}\n` });
  t.equal((await satisfied.plan()).notes.length, 1, 'it has what it needs');
});

t.test('the one that runs counts for more than its unit', async (t) => {
  const running = (...argv: readonly string[]) => ({
    '/proc/77/comm': 'qemu-ga\n',
    '/proc/77/cmdline': `${['/usr/sbin/qemu-ga', ...argv].join('\0')}\0`,
  });
  const hooked = machine(running(`--fsfreeze-hook=${DISPATCHER}`));
  t.strictSame((await hooked.plan()).changes.map(describeChange), [`write ${HOOK} (0755)`]);
  const disabled = machine(running('-F/dev/null'), `ExecStart=/usr/bin/qemu-ga -F\n`);
  t.match((await disabled.plan()).notes[0], { message: /runs \/dev\/null/ });
});

t.test('without systemd a person restarts it', async (t) => {
  const { system, plan } = machine();
  await system.remove('/run/systemd/system/x');
  await system.removeDir('/run/systemd/system');
  const { changes, notes } = await plan();
  t.notOk(changes.some((change) => change.do === 'run'));
  t.match(notes[0], { remedy: /service qemu-guest-agent restart/ });
});

t.test('a folder that was made goes again, if nobody else has come to use it', async (t) => {
  const { system, put, plan, removal, apply } = machine();
  await system.remove(`${FOLDER}/other`);
  await system.removeDir(FOLDER);
  t.strictSame((await plan()).changes.slice(0, 2).map(describeChange), [
    `make the folder ${FOLDER} (0755)`,
    `write ${HOOK} (0755)`,
  ]);
  await apply();
  t.strictSame((await plan()).changes, [], 'and it is still known for made');
  await applyChanges(system, (await removal()).changes);
  t.strictSame(await system.list('/etc/qemu'), ['fsfreeze-hook']);
  await apply();
  put(`${FOLDER}/mysql`, '');
  await applyChanges(system, (await removal()).changes);
  t.strictSame(await system.list(FOLDER), ['mysql']);
});

t.test('what somebody edited is named, and nothing at all is done', async (t) => {
  for (const path of [HOOK, CONF]) {
    const { put, removal, apply, text } = machine();
    await apply();
    put(path, `${await text(path)}# mine\n`);
    await t.rejects(removal(), { code: 'file.edited', message: new RegExp(`^${path} was edited`) });
  }
  const foreign = machine({ [HOOK]: '#!/bin/sh\n' });
  await t.rejects(foreign.plan(), { code: 'file.foreign' });
});

t.test('while applications are held nothing is changed', async (t) => {
  const { system, put, plan, removal } = machine();
  put(HELD_MARK, '');
  await t.rejects(plan(), { code: 'integrate.held' });
  await t.rejects(removal(), { code: 'integrate.held' });
  const later = { ...system, clock: { ...system.clock, now: () => new Date(Date.now() + 31 * 60_000) } };
  const { changes } = await qemuGuestAgent.plan(later, undefined);
  t.strictSame(changes.map(describeChange), [`remove ${HELD_MARK}`], 'one whose host never thawed is only a file');
});

t.test('without a guest agent it says what is missing', async (t) => {
  const { system, plan, removal } = machine();
  await system.remove(DISPATCHER);
  await t.rejects(plan(), { code: 'integrate.missing', remedy: /apt-get install/ });
  t.strictSame((await removal()).changes, [], 'there is nothing of ours');
});

t.test('which hook a command line means', async (t) => {
  const hook = (...argv: readonly string[]) => hookInArgv(['/usr/sbin/qemu-ga', ...argv], DISPATCHER);
  t.equal(hook(), 'none');
  t.equal(hook('-m', 'virtio-serial', '--frob'), 'none');
  t.strictSame(hook('-F'), { path: DISPATCHER });
  t.strictSame(hook('--fsfreeze-hook'), { path: DISPATCHER });
  t.strictSame(hook('-F/opt/a', '--fsfreeze-hook=/opt/b'), { path: '/opt/b' }, 'the last one wins');
  t.equal(hook(`-F\${FSFREEZE_HOOK_PATHNAME}`), 'unknown');
});

t.test('which hook a configuration means', async (t) => {
  t.equal(hookInConfig(''), undefined);
  t.equal(hookInConfig('[general]\nverbose=true\n'), undefined);
  t.equal(hookInConfig('[general]\n fsfreeze-hook = /opt/a \n'), '/opt/a');
  t.equal(hookInConfig('[other]\nfsfreeze-hook=/opt/a\n'), undefined, 'in another section it means nothing');
  t.equal(hookInConfig('[general]\n#fsfreeze-hook=/opt/a\n'), undefined);
});

t.test('a program that others could exchange is not what root will run', async (t) => {
  const { system, put, plan } = machine();
  put(SELF[1] ?? '', '');
  chownSync(join(system.root, '/usr/lib/quiesced'), 1000, 1000);
  await t.rejects(plan(), { code: 'integrate.unsafe', message: /\/usr\/lib\/quiesced belongs to uid 1000/ });
});
