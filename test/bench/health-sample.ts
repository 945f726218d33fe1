/**
 * One sample of a whole check, in a process of its own: `bundle FILE` runs the program that was built, `tree ROOT` the
 * sources on a machine made of files. Prints wall and processor time in milliseconds.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { defaultConfig } from '../../agent/config/load.ts';
import { examine } from '../../agent/readiness/examine.ts';
import { localSystem } from '../../agent/system/local.ts';

/** What is measured of one check. */
export interface CheckSample {
  readonly wallMs: number;
  /** Of all processors, with every program that was started and waited for. */
  readonly cpuMs: number;
}

const [what, path = ''] = process.argv.slice(2);

if (import.meta.main) {
  const sample = what === 'bundle' ? ofBundle(path) : await ofTree(path);
  process.stdout.write(`${JSON.stringify(sample)}\n`);
}

function ofBundle(file: string): CheckSample {
  const before = childrensMs();
  const startMs = performance.now();
  const { status, error, stderr } = spawnSync(process.execPath, [file, 'check', '--json'], { maxBuffer: 16 * 2 ** 20 });
  const wallMs = performance.now() - startMs;
  if (error !== undefined || status === null) throw new Error(`check: ${error ?? stderr}`);
  return { wallMs, cpuMs: childrensMs() - before };
}

async function ofTree(root: string): Promise<CheckSample> {
  const system = localSystem({ root, live: false, env: { QUIESCED_TEST: '1' } });
  const config = await defaultConfig('linux');
  const before = process.cpuUsage();
  const startMs = performance.now();
  await examine({ system, config, quiescers: [] }, {});
  const { user, system: kernel } = process.cpuUsage(before);
  return { wallMs: performance.now() - startMs, cpuMs: (user + kernel) / 1000 };
}

/** proc_pid_stat(5): cutime and cstime, in ticks of 10 ms. */
function childrensMs(): number {
  const [, rest = ''] = readFileSync('/proc/self/stat', 'utf8').split(') ');
  const fields = rest.split(' ');
  return (Number(fields[13]) + Number(fields[14])) * 10;
}
