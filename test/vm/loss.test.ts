/**
 * What the machine itself may suffer while everything is frozen: no memory left, a hard reset, a disk that fails or goes.
 */
import { untilThawed } from './lab/frozen.ts';
import type { Machine } from './lab/machine.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { configure, hold, leftWell, scriptsRan, settled } from './lab/service.ts';

vmTest('while everything is frozen: out of memory, a reset, a disk is lost', 'ready', async (t, machine) => {
  await configure(machine);
  await machine.save('configured');
  const few = { from: 'configured', atMost: { short: 1, full: 3 } };

  const oom = { scenario: 'frozen, and then: the OOM killer strikes', measured: 'until somebody was killed', ...few };
  await rounds(t, machine, oom, async (t) => {
    const { graceMs } = await hold(machine, `--for ${OOM_HOLD_MS}ms`);
    const begunMs = Date.now();
    // Called (proc_sysrq-trigger(5)) when memory is nearly full: until the kernel calls it by itself, an emulated machine
    // reads its programs from the disk again and again, for minutes.
    // In a unit of its own: systemd stops the one that a victim belongs to, which would be that of the lab's agent.
    const { code } = await machine.run(`systemd-run --quiet --wait --collect python3 -c '${HOG}'`, {
      timeoutMs: 60_000,
    });
    t.not(code, 0, 'the hog was killed');
    const tookMs = Date.now() - begunMs;
    t.strictSame(await untilThawed(machine, OOM_HOLD_MS + graceMs), [], 'everything is thawed');
    const log = await machine.must('journalctl --sync; journalctl --no-pager --dmesg --output=cat');
    const victims = [...log.matchAll(/Killed process \d+ \((.+?)\)/g)].map(([, name]) => name);
    t.ok(victims.length > 0 && victims.every((name) => name?.startsWith('python')), `who was killed: ${victims}`);
    await leftWell(t, machine);
    return tookMs;
  });

  const reset = {
    scenario: 'frozen, and then: a hard reset',
    measured: 'until all was settled after the boot',
    ...few,
  };
  await rounds(t, machine, reset, async (t) => {
    await hold(machine);
    await machine.reset();
    const begunMs = Date.now();
    const status = await settled(machine);
    t.match(status, { frozen: [], owed: [], last: { consistency: 'none', reason: /died/ } }, JSON.stringify(status));
    t.equal(await scriptsRan(machine), 'post interrupted\n', 'the post script ran after the boot, once');
    t.strictSame(await untilThawed(machine), []);
    return Date.now() - begunMs;
  });

  // A volume that fails answers everything with an error; that a disk is gone the kernel is told at once. That comes
  // last, and once: a machine that has lost a disk does not go back to a state in which it had it.
  for (const [what, mountPoint, lose, times] of [
    ['a volume answers with errors', '/data/lvm', turnToErrors, few],
    ['a disk is pulled out', '/data/xfs', (machine: Machine) => machine.unplug('xfs'), { ...few, count: 1 }],
  ] as const) {
    const lost = { scenario: `frozen, and then: ${what}`, measured: 'release', ...times };
    await rounds(t, machine, lost, async (t) => {
      const { graceMs } = await hold(machine);
      await lose(machine);
      const begunMs = Date.now();
      const { output } = await machine.run('quiesced release --json');
      t.match(JSON.parse(output), { kind: 'hold' }, 'it comes to an end, and tells');
      const still = await untilThawed(machine, graceMs);
      t.strictSame(
        still.filter((each) => each !== mountPoint),
        [],
        'the others are thawed',
      );
      t.match(await scriptsRan(machine), /^pre \npost \w+\n$/, 'the post script ran');
      return Date.now() - begunMs;
    });
  }
});

/** dmsetup(8): what is frozen must not be flushed or frozen by it, and udev not be waited for. */
const turnToErrors = (machine: Machine): Promise<string> =>
  machine.must(`source=$(findmnt -no SOURCE /data/lvm) && size=$(blockdev --getsz "$source") &&
dmsetup suspend --nolockfs --noflush --noudevsync "$source" &&
dmsetup load "$source" --table "0 $size error" && dmsetup resume --noudevsync "$source"`);

/** Nobody lets it go: the deadline does. */
const OOM_HOLD_MS = 20_000;

const HOG = `
import re, time
kept = []
while int(re.search("MemAvailable: *([0-9]+)", open("/proc/meminfo").read())[1]) > 100 * 1024:
    kept.append(b"x" * 16777216)
open("/proc/sysrq-trigger", "w").write("f")
time.sleep(30)`;
