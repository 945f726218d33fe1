import { randomUUID } from 'node:crypto';
import type { System } from '../../agent/system/system.ts';
import { VSSADMIN, WRITERS } from '../unit/checks/windows-machine.ts';
import type { FakeProgram } from './system.ts';

/** What becomes of a CREATE. */
export type Fate =
  | 'made'
  | 'fails'
  | 'hangs'
  | 'deaf'
  | 'made late'
  | 'ends badly'
  | 'says nothing'
  | 'says half'
  | 'takes too long';

/** A stand-in for diskshadow, vssadmin and the two questions to PowerShell. It knows nothing of VSS but what stands here. */
export interface FakeVss {
  /** The commands of each session. */
  readonly told: (readonly string[])[];
  /** Of ours and of others. */
  readonly sets: Set<string>;
  /** Answers one after the other; the last one stays. */
  readonly writers: string[];
  fate: Fate;
  /** Sets that cannot be deleted. */
  readonly stuck: Set<string>;
  /** Processes of diskshadow that each question finds; then none. */
  readonly running: string[][];
  readonly programs: Readonly<Record<string, FakeProgram>>;
  /** The machine that its scripts are on. */
  system: System | undefined;
}

export const DISKSHADOW = 'C:\\Windows\\System32\\diskshadow.exe';
const POWERSHELL = 'C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe';
const LATE_MS = 400;
/** Longer than anybody waits for one that was ended. */
const DEAF_MS = 3000;

export const guid = (): string => `{${randomUUID()}}`;

export function fakeVss(sets = new Set<string>()): FakeVss {
  const vss: FakeVss = {
    told: [],
    sets,
    writers: [WRITERS],
    fate: 'made',
    stuck: new Set(),
    running: [],
    system: undefined,
    programs: {
      [DISKSHADOW]: async ([, , script = '', , log = ''], { signal }) => {
        const text = (await vss.system?.readText(script)) ?? '';
        const commands = text.split('\r\n').filter((line) => line !== '');
        vss.told.push(commands);
        const [, set] = /^DELETE SHADOWS SET (\{.*\})$/.exec(commands[0] ?? '') ?? [];
        const answer = set === undefined ? await create(vss, commands, signal) : remove(vss, set);
        await vss.system?.write(log, answer.stdout ?? '');
        return answer;
      },
      [VSSADMIN]: async () => ({ stdout: (vss.writers.length > 1 ? vss.writers.shift() : vss.writers[0]) ?? '' }),
      [POWERSHELL]: async (argv) => {
        const isProcesses = argv.at(-1)?.includes('Win32_Process') === true;
        return { stdout: (isProcesses ? (vss.running.shift() ?? []) : [...vss.sets]).join('\r\n') };
      },
      'C:\\Windows\\System32\\taskkill.exe': {},
    },
  };
  return vss;
}

async function create(vss: FakeVss, commands: readonly string[], signal: AbortSignal | undefined) {
  const { fate } = vss;
  if (fate === 'fails') return { exitCode: 4, stdout: 'Fehler bei DoSnapshotSet.\r\n0x8004231f\r\n' };
  if (fate === 'hangs') {
    await new Promise((resolve) => signal?.addEventListener('abort', resolve, { once: true }));
    return { ended: 'signalled' as const, exitCode: undefined };
  }
  const waitMs = { 'made late': LATE_MS, deaf: DEAF_MS }[fate as string] ?? 0;
  if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
  const set = guid();
  vss.sets.add(set);
  if (fate === 'takes too long') return { ended: 'timed-out' as const, exitCode: undefined };
  if (fate === 'says nothing') return { stdout: 'Fertig.\r\n' };
  const named = commands.flatMap((line) => / ALIAS (\w+)$/.exec(line)?.[1] ?? []);
  const aliases = fate === 'says half' ? named.slice(1) : named;
  const lines = [...aliases.map((alias) => `Alias ${alias} = ${guid()}`), `${set} %VSS_SHADOW_SET%`];
  const stdout = [...commands.map((line) => `-> ${line}`), ...lines].join('\r\n');
  return fate === 'ends badly' ? { exitCode: 5, stdout } : { stdout };
}

function remove(vss: FakeVss, set: string) {
  if (vss.stuck.has(set) || !vss.sets.delete(set)) return { exitCode: 3, stdout: 'Nicht gefunden.' };
  return { stdout: '1' };
}
