import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Test } from 'tap';
import { askedOfSystemd } from './fake-systemd.ts';
import type { Ended, Machine } from './machine.ts';

/** Somebody has the lock of the runs, and writes where systemctl's calls are written down when it is let go. */
async function held(machine: Machine, until: string): Promise<ChildProcess> {
  const run = machine.start(
    `flock /run/quiesced/lock sh -c "echo held; ${until}; echo let go >>/var/log/systemctl.log"`,
  );
  await once(run.stdout ?? run, 'data');
  return run;
}

/** Until somebody waits for the lock, and a little longer; `flock` waits in the kernel, which lists it by an arrow. */
export const heldForAMoment = (machine: Machine): Promise<ChildProcess> =>
  held(machine, "timeout 100 sh -c 'until grep -q -e -..FLOCK /proc/locks; do sleep 0.1; done'; sleep 3");

/** A line on its stdin ends it. */
export const heldUntilTold = (machine: Machine): Promise<ChildProcess> => held(machine, 'read line');

/** The files are replaced when the run has ended, the service is started again, and the administrator's file is kept. */
export async function waitsAndKeeps(t: Test, machine: Machine, upgrade: () => Ended): Promise<void> {
  machine.put('/etc/quiesced/quiesced.conf', '[snapshot]\nfrozen-deadline = 7s\n');
  await heldForAMoment(machine);
  const waiting = /a snapshot, hold or rehearsal is under way; waiting for its end/;
  const ended = upgrade();
  t.match(ended, { code: 0, stderr: waiting }, 'waits', ended);
  t.strictSame(askedOfSystemd(machine), [
    'let go',
    'stop quiesced.socket quiesced.timer quiesced.service',
    'start quiesced.service',
  ]);
  t.match(machine.run('quiesced config').stdout, /frozen-deadline = 7s +\/etc\/quiesced\/quiesced\.conf:2/, 'keeps');
}
