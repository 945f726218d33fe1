import type { Ran } from './agent.ts';
import type { Machine } from './machine.ts';

/** How long a hold of these scenarios lasts unless it is let go. */
export const HOLD_MS = 8000;

/**
 * What comes on top of a deadline in here: half a second of grace, the start of Node where a process has to be started
 * (one to three seconds under emulation, more when the machine that emulates is busy), and what the scenarios' own
 * looking takes.
 */
export const ALLOWED_MS = 12_000;

/** Scripts that note when they run, on what is never frozen, and a deadline that is long enough to look at. */
export async function configure(machine: Machine): Promise<void> {
  const script = (what: string) => `#!/bin/sh\necho "${what} \${QUIESCED_RESULT:-}" >>/lab/scripts.log\n`;
  await machine.put('/opt/lab/pre', script('pre'), '0700');
  await machine.put('/opt/lab/post', script('post'), '0700');
  await machine.put(
    '/etc/quiesced/quiesced.conf.d/lab.conf',
    `[snapshot]\nfrozen-deadline = ${HOLD_MS}ms\n[scripts]\npre = /opt/lab/pre\npost = /opt/lab/post\n[schedule]\nreadiness = off\n`,
  );
  await machine.must(
    'chown -R root: /opt/lab /etc/quiesced && systemctl restart quiesced && rm -f /lab/scripts.log && sync',
  );
}

/** `POSTED RESULT` of each script that ran, in order. */
export const scriptsRan = async (machine: Machine): Promise<string> =>
  (await machine.run('cat /lab/scripts.log')).output;

export const pidOfDaemon = async (machine: Machine): Promise<number> =>
  Number(await machine.must('systemctl show --property=MainPID --value quiesced'));

/** The guard lives as long as a hold. */
export const pidOfGuard = async (machine: Machine): Promise<number> =>
  Number((await machine.must("pgrep -f 'quiesced.mjs guard$'")).split('\n')[0]);

/** Waits until nobody is at work and nothing is owed; gives the last status, whatever it says. */
export async function settled(machine: Machine, timeoutMs = 60_000): Promise<Record<string, unknown>> {
  for (const end = Date.now() + timeoutMs; ; ) {
    const { code, output }: Ran = await machine.run('quiesced status --json');
    const status = code === 0 ? JSON.parse(output) : { error: output };
    const idle = status.atWork === undefined && status.run === undefined;
    if ((idle && status.owed?.length === 0 && status.daemon !== undefined) || Date.now() > end) return status;
  }
}
