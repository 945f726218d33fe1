import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { whyNot } from './check-rig.ts';
import { type GuestAgent, HELD, HOOK, type Machine, machineIn, unpackGuestAgent } from './integrate-rig.ts';

/** Our hook under Debian's dispatcher, with a program of the test in the place of quiesced. */
const agent: GuestAgent | undefined = whyNot() === false ? unpackGuestAgent(t) : undefined;

function hookTest(title: string, body: (t: Test, machine: Machine) => void): void {
  t.test(title, { skip: whyNot() }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'quiesced-hook-'));
    chmodSync(root, 0o755);
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    body(t, machineIn(root, agent as GuestAgent));
  });
}

hookTest('it holds before the freeze and lets go after the thaw, once each', (t, machine) => {
  const calls = machine.fakeQuiesced('');
  t.equal(machine.dispatch('freeze').status, 0);
  t.ok(machine.has(HELD));
  t.equal(machine.read(calls), 'hold --no-freeze\n');
  machine.dispatch('thaw');
  machine.dispatch('thaw');
  t.equal(machine.read(calls), 'hold --no-freeze\nrelease\n', 'a thaw that nothing was held for lets nothing go');
  t.notOk(machine.has(HELD));
  t.strictSame(
    [...machine.log().matchAll(/status=(\d+)/g)].map(([, code]) => code),
    ['0', '0', '0'],
  );
});

hookTest('what quiesced ends with is what the hook says', (t, machine) => {
  const cases = [
    { ends: 0, status: 0, held: true },
    { ends: 3, status: 0, held: true },
    { ends: 1, status: 1, held: false },
    { ends: 2, status: 1, held: false },
    { ends: 139, status: 1, held: false },
  ];
  for (const { ends, status, held } of cases) {
    machine.fakeQuiesced(`exit ${ends}`);
    t.equal(machine.dispatch('freeze').status, 0, 'the dispatcher goes on whatever happens');
    t.match(machine.log(), new RegExp(`finished with status=${status}\n$`), `${ends} becomes ${status}`);
    t.equal(machine.has(HELD), held);
    machine.put(HELD, '');
    machine.dispatch('thaw');
    t.match(machine.log(), new RegExp(`finished with status=${ends === 0 ? 0 : 1}\n$`), 'on the way back too');
  }
});

hookTest('one that takes too long is ended, and told so', (t, machine) => {
  const calls = machine.fakeQuiesced('exec sleep 60', { holdS: 3, releaseS: 3 });
  const { tookMs } = machine.dispatch('freeze');
  t.ok(tookMs < 40_000, `after ${Math.round(tookMs)} ms`);
  t.match(machine.log(), /not held within 3 s, given up\n.*status=1\n$/);
  t.notOk(machine.has(HELD));
  machine.put(HELD, '');
  machine.dispatch('thaw');
  t.match(machine.log(), /takes longer than 3 s, and goes on/);
  t.equal(machine.read(calls), 'hold --no-freeze\nrelease\n');
});

hookTest('neither a flood nor a child that stays behind holds it up', (t, machine) => {
  machine.fakeQuiesced(`yes flood | head -c 5000000; sleep 50 & echo $! >>${machine.root}/pids`);
  const { tookMs } = machine.dispatch('freeze');
  for (const pid of machine.read('/pids').split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGKILL');
  t.ok(tookMs < 40_000, `after ${Math.round(tookMs)} ms`);
  t.ok(machine.log().length < 8192, `${machine.log().length} bytes in the log`);
  t.strictSame(machine.runs(), ['qemu-guest-agent.held'], 'and nothing is left lying about');
});

hookTest('a quiesced that is gone stops no backup', (t, machine) => {
  machine.fakeQuiesced('');
  rmSync(join(machine.root, 'opt/quiesced'));
  machine.dispatch('freeze');
  t.match(machine.log(), /quiesced is gone \(.*\/opt\/quiesced\).*remove this hook: .*\/10-quiesced\n.*status=0\n$/);
  t.notOk(machine.has(HELD));
});

hookTest('it is a program that any shell understands', (t, machine) => {
  machine.fakeQuiesced('');
  const checked = spawnSync('sh', ['-n', join(machine.root, HOOK)], { encoding: 'utf8' });
  t.equal(checked.status, 0, checked.stderr);
  t.equal(
    spawnSync(join(machine.root, HOOK), ['nonsense']).status,
    0,
    'a word that it does not know is none of its own',
  );
});
