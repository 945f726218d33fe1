import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { applyChanges } from '../../agent/system/changes.ts';
import { localSystem } from '../../agent/system/local.ts';
import { qemuGuestAgent } from '../../extensions/qemu/guest-agent.ts';
import { checkTest, conforms, MAIN, type Rig, whyNot } from './check-rig.ts';
import { type GuestAgent, HELD, HOOK, type Machine, machineIn, unpackGuestAgent } from './integrate-rig.ts';
import { until } from './scripts-rig.ts';

const agent: GuestAgent | undefined = whyNot() === false ? unpackGuestAgent(t) : undefined;

const integrateTest = (title: string, body: (t: Test, machine: Machine, rig: Rig) => Promise<void>): void =>
  checkTest(title, (t, rig) => body(t, machineIn(rig.root, agent as GuestAgent), rig));

const INTEGRATE = ['integrate', 'qemu-guest-agent'] as const;

integrateTest(
  'a plan is shown, applied, the second time empty, and undone to the last byte',
  async (t, machine, rig) => {
    const before = machine.etc();
    const shown = await rig.run(...INTEGRATE, '--dry-run');
    t.equal(shown.code, 0, shown.stderr);
    t.match(shown.stdout, /^Would be done:\n {2}· write \/etc\/qemu\/fsfreeze-hook\.d\/10-quiesced \(0755\)/);
    t.match(shown.stdout, / {6}\| #!\/bin\/sh/, 'with the text of what would be written');
    t.match(shown.stdout, /on-failure = abort/, 'and what the dispatcher makes of a failure');
    t.strictSame(machine.etc(), before, 'nothing was done');

    const applied = await rig.run(...INTEGRATE, '--json');
    conforms(t, 'integration', applied.json);
    t.match(applied.json, { integration: 'qemu-guest-agent', wanted: true, applied: true });
    readByQemu(t, machine);
    const after = machine.etc();
    t.match((await rig.run(...INTEGRATE)).stdout, /^Nothing to do/);
    t.strictSame(machine.etc(), after);

    machine.put(HOOK, `${machine.read(HOOK)}# mine\n`, 0o755);
    const refused = await rig.run(...INTEGRATE, '--remove', '--json');
    t.match(refused, { code: 1, json: { error: { code: 'file.edited' } } });
    machine.put(HOOK, machine.read(HOOK).replace('# mine\n', ''), 0o755);
    t.strictSame(machine.etc(), after, 'nothing was taken away');

    const removed = await rig.run(...INTEGRATE, '--remove', '--json');
    conforms(t, 'integration', removed.json);
    t.strictSame(machine.etc(), before, 'what is left is what was there');
  },
);

/** By the real qemu-ga, where its libraries are. */
function readByQemu(t: Test, { root }: Machine): void {
  const env = { QGA_CONF: join(root, '/etc/qemu/qemu-ga.conf') };
  const { status, stdout, stderr } = spawnSync(agent?.program ?? '', ['--dump-conf'], { env, encoding: 'utf8' });
  if (status === 127) t.comment(`qemu-ga was not asked: ${stderr}`);
  else t.match(stdout, /^fsfreeze-hook=\/etc\/qemu\/fsfreeze-hook$/m, 'qemu-ga reads it as it is meant');
}

integrateTest('a host that freezes has our scripts run around it', async (t, machine, rig) => {
  const env = { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: machine.root };
  configure(machine, '', 0);
  await install(machine);
  t.equal(machine.dispatch('freeze', env).status, 0);
  t.match(machine.log(), /10-quiesced finished with status=0/);
  t.equal(machine.read('/ran'), 'pre\n');
  t.ok(machine.has(HELD));
  const { json } = await rig.run('status', '--json');
  t.match(json, { run: { state: 'held', kind: 'hold' }, frozen: [] }, 'held, and nothing frozen by us');

  const meanwhile = await rig.run(...INTEGRATE, '--remove', '--json');
  t.match(meanwhile.json, { error: { code: 'integrate.held' } }, 'who would let go otherwise?');

  t.equal(machine.dispatch('thaw', env).status, 0);
  t.equal(machine.read('/ran'), 'pre\npost\n');
  t.notOk(machine.has(HELD));
  t.equal((await rig.run('history', '--json')).json?.outcomes.length, 1);
  machine.dispatch('thaw', env);
  t.equal(machine.read('/ran'), 'pre\npost\n', 'to thaw again lets nothing go');
  t.notMatch(machine.log(), /status=[^0]/);
});

integrateTest('a pre script that fails: less is held, or nothing', async (t, machine) => {
  const env = { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: machine.root };
  configure(machine, 'on-failure = continue', 1);
  await install(machine);
  machine.dispatch('freeze', env);
  t.match(machine.log(), /less than was asked for.*\n.*status=0/);
  machine.dispatch('thaw', env);
  t.match(machine.log(), /not held throughout \(exit code 1\)\n.*status=1/);

  configure(machine, 'on-failure = abort', 1);
  machine.dispatch('freeze', env);
  t.match(machine.log(), /not held \(exit code 1\)\n.*status=1\n$/);
  t.notOk(machine.has(HELD));
  machine.dispatch('thaw', env);
  t.match(machine.log(), /status=0\n$/, 'nothing is held, so nothing is let go');
});

integrateTest('a hook that vanishes while it holds: the deadline lets go', async (t, machine) => {
  const env = { QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: machine.root };
  configure(machine, 'frozen-deadline = 1s\nquiesce-deadline = 3s', 0);
  await install(machine);
  machine.dispatch('freeze', env);
  rmSync(join(machine.root, HOOK));
  t.equal(machine.dispatch('thaw', env).status, 0);
  t.ok(await until(() => machine.read('/ran') === 'pre\npost\n'), 'applications are not held for ever');
  await until(() => machine.read('/var/lib/quiesced/history.jsonl') !== '');
});

/** As the command does it. */
async function install({ root }: Machine): Promise<void> {
  const system = localSystem({ root, live: true, env: {} });
  const { changes } = await qemuGuestAgent.plan(system, [process.execPath, MAIN]);
  const files = changes.filter((change) => change.do !== 'run');
  await applyChanges(system, files);
}

/** @param preCode what the pre script ends with. */
function configure(machine: Machine, snapshot: string, preCode: number): void {
  machine.put('/opt/pre', `#!/bin/sh\necho pre >>${machine.root}/ran\nexit ${preCode}\n`, 0o755);
  machine.put('/opt/post', `#!/bin/sh\necho post >>${machine.root}/ran\n`, 0o755);
  machine.put('/etc/quiesced/quiesced.conf', `[snapshot]\n${snapshot}\n[scripts]\npre = /opt/pre\npost = /opt/post\n`);
}
