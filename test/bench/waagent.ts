import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must } from './command.ts';

/** Debian's waagent, as files. */
export interface Waagent {
  readonly python: string;
  readonly file: string;
  /** Of its modules. */
  readonly path: string;
}

/** Unpacked into the folder, never installed: its service must not start here. `undefined` when it is not to be had. */
export async function findWaagent(folder: string, say: (line: string) => void): Promise<Waagent | undefined> {
  const { status, stderr } = spawnSync('apt-get', ['download', '-qq', 'waagent'], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) {
    say(`LEFT OUT: waagent cannot be downloaded: ${stderr?.trim().split('\n')[0] ?? ''}\n`);
    return undefined;
  }
  await must(['sh', '-c', 'dpkg -x "$1"/waagent_*.deb "$1/waagent"', 'sh', folder]);
  const file = ['usr/sbin/waagent', 'usr/bin/waagent'].map((name) => join(folder, 'waagent', name)).find(existsSync);
  const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';
  const path = join(folder, 'waagent/usr/lib/python3/dist-packages');
  // With its bytecode, as an installed package has it.
  await must([python, '-m', 'compileall', '-q', path]);
  return { python, file: file ?? '', path };
}
