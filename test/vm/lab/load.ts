import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from './machine.ts';
import { LAB, MOUNTS } from './recipe.ts';

/** How far a writer has come, and the longest of its steps. */
export interface Figures {
  readonly mountPoint: string;
  readonly steps: number;
  readonly longestMs: number;
}

/** Writers on every file system, each a unit of its own whose output goes to journald. */
export interface Load {
  figures(): Promise<readonly Figures[]>;
  /** The longest begins anew. */
  forget(): Promise<void>;
  /** Waits until every one of them has come further than it was then; throws when one does not. */
  goesOn(since: readonly Figures[], timeoutMs?: number): Promise<readonly Figures[]>;
}

/** Long for a step that takes milliseconds, but not where everything else starts again at the same moment. */
const GO_ON_MS = 300_000;
/** After so long it is worth a look where it waits. */
const ODD_MS = 30_000;

/** @param say is told of a writer that takes oddly long, with where in the kernel it waits. */
export async function startLoad(machine: Machine, say: (text: string) => void): Promise<Load> {
  for (const [i, mountPoint] of MOUNTS.entries()) {
    const folder = `${mountPoint}/load`.replace('//', '/');
    await machine.must(`mkdir -p ${folder} && systemd-run -q --unit=load-${i} /opt/lab/writer ${folder} ${file(i)}`);
  }
  const figures = async (): Promise<readonly Figures[]> => {
    const lines = (await machine.must(`cat ${MOUNTS.map((_, i) => file(i)).join(' ')}`)).replaceAll('\0', '');
    return MOUNTS.map((mountPoint, i) => {
      const [steps = 0, longestMs = 0] = (lines.split('\n')[i] ?? '').split(' ').map(Number);
      return { mountPoint, steps, longestMs };
    });
  };
  return {
    figures,
    forget: async () => void (await machine.must('systemctl kill --signal=USR1 "load-*.service"')),
    async goesOn(since, timeoutMs = GO_ON_MS) {
      const begunMs = Date.now();
      for (let told = false; ; await sleep(100)) {
        const now = await figures();
        const stuck = now.filter(({ steps }, i) => steps <= (since[i]?.steps ?? 0));
        const tookMs = Date.now() - begunMs;
        if (stuck.length === 0) {
          if (told) say(`it went on after ${tookMs} ms`);
          return now;
        }
        if (tookMs > timeoutMs) throw new Error(`no step in ${timeoutMs} ms: ${JSON.stringify(stuck)}`);
        if (tookMs > ODD_MS && !told) {
          const { output } = await machine.run(WHERE_STUCK);
          say(`no step in ${tookMs} ms: ${JSON.stringify(stuck)}\n${output}`);
          told = true;
        }
      }
    },
  };
}

/** Of each writer, and of every other task that waits in the kernel, where it does. */
const WHERE_STUCK =
  'for pid in $(pgrep -x writer); do readlink /proc/$pid/cwd; cat /proc/$pid/stack; done; btrfs filesystem usage /data/btrfs; top -b -n 1 | head -n 20; echo w >/proc/sysrq-trigger; dmesg | tail -n 120';

const file = (index: number): string => `${LAB}/load-${index}`;

export const longestOf = (figures: readonly Figures[]): number =>
  Math.max(...figures.map(({ longestMs }) => longestMs));
