import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Test } from 'tap';
import { must, type Rig } from './loop.ts';

/** The lock by which those agree who freeze machines on Azure: held by one who is not ours, as lockf(3) takes it. */
const LOCK_FILE = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile';
const PYTHON = '/usr/bin/python3';
const LOCKF = 'import fcntl,sys,time\nf = open(sys.argv[1], "r+")\nfcntl.lockf(f, fcntl.LOCK_EX | fcntl.LOCK_NB)\n';

/** Makes the folder of the lock and holds it; killed when the test ends. */
export async function lockByOthers(t: Test, rig: Rig): Promise<ChildProcess> {
  const program = `${LOCKF}print("mine", flush=True)\ntime.sleep(600)`;
  const file = rig.put(LOCK_FILE, '');
  const child = spawn(PYTHON, ['-c', program, file], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.teardown(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return child;
}

export const isLocked = (rig: Rig): Promise<boolean> =>
  must(PYTHON, '-c', LOCKF, join(rig.root, LOCK_FILE)).then(
    () => false,
    () => true,
  );
