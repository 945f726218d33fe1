/** Debian's qemu-guest-agent freezes, as a hypervisor asks it to, and our hook has applications held around it. */
import { untilFrozen, untilThawed } from './lab/frozen.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { configure, scriptsRan, settled } from './lab/service.ts';

/** The agent waits for its hook, and answers nobody meanwhile. */
const PATIENTLY = { timeoutMs: 180_000 };

vmTest('qemu-guest-agent with our hook', 'ready', async (t, machine) => {
  await configure(machine);
  const integrated = await machine.run('quiesced integrate qemu-guest-agent');
  t.equal(integrated.code, 0, integrated.output);
  const again = await machine.run('quiesced integrate qemu-guest-agent');
  t.equal(again.code, 0, again.output);
  await machine.must('systemctl is-active qemu-guest-agent');
  const agent = await machine.guestAgent();
  await agent.execute('guest-ping');

  const scenario = {
    scenario: 'freeze by qemu-guest-agent, with our hook',
    measured: 'guest-fsfreeze-freeze',
    atMost: { short: 2, full: 15 },
  };
  await rounds(t, machine, scenario, async (t) => {
    await machine.must('rm -f /lab/scripts.log');
    const begunMs = Date.now();
    t.ok(Number(await agent.execute('guest-fsfreeze-freeze', {}, PATIENTLY)) >= 4, 'its own count of file systems');
    const tookMs = Date.now() - begunMs;
    t.ok((await untilFrozen(machine)).includes('/'), 'the root file system is frozen, by qemu-ga');
    t.equal(await scriptsRan(machine), 'pre \n', 'our pre script ran before');
    t.equal(await agent.execute('guest-fsfreeze-status'), 'frozen');
    await agent.execute('guest-fsfreeze-thaw', {}, PATIENTLY);
    t.strictSame(await untilThawed(machine), [], 'thawed');
    const status = await settled(machine);
    t.equal(await scriptsRan(machine), 'pre \npost success\n', 'and our post script after');
    t.match(status, { owed: [], last: { kind: 'hold', frozen: [], faults: [] } }, JSON.stringify(status));
    return tookMs;
  });

  const removed = await machine.run('quiesced integrate qemu-guest-agent --remove');
  t.equal(removed.code, 0, removed.output);
  const left = await machine.run('ls -d /etc/qemu/qemu-ga.conf /etc/qemu/fsfreeze-hook.d/* 2>/dev/null');
  t.equal(left.output, '', 'nothing of ours is left');
  await machine.must('rm -f /lab/scripts.log');
  t.ok(Number(await (await machine.guestAgent()).execute('guest-fsfreeze-freeze')) >= 4, 'it goes on without us');
  await (await machine.guestAgent()).execute('guest-fsfreeze-thaw');
  t.strictSame(await untilThawed(machine), []);
  t.notMatch(await scriptsRan(machine), /pre/, 'and asks us nothing');
});
