import { messageOf, UserError } from '../errors.ts';
import type { RegistryValue } from './registry.ts';
import type { System, TextEncoding } from './system.ts';

/**
 * One step of a plan that changes this machine: shown as it is, done later or not at all. What is there already is no
 * step, so that a plan made again after it was carried out is empty.
 */
export type Change =
  | {
      readonly do: 'write';
      readonly path: string;
      readonly text: string;
      readonly mode: number;
      readonly encoding?: TextEncoding;
    }
  | { readonly do: 'remove'; readonly path: string }
  | { readonly do: 'make-folder'; readonly path: string; readonly mode: number }
  /** Only when nothing is left in it. */
  | { readonly do: 'remove-folder'; readonly path: string }
  /** Of the Windows registry, by key and name. */
  | { readonly do: 'set-value'; readonly path: string; readonly value: RegistryValue }
  | { readonly do: 'remove-value'; readonly path: string }
  | { readonly do: 'run'; readonly argv: readonly string[]; readonly timeoutMs: number };

/** A step that can be taken back, because what stood before can be kept. */
export type FileChange = Exclude<Change, { readonly do: 'run' }>;
export type RunChange = Extract<Change, { readonly do: 'run' }>;

/** One line for people: `write /etc/qemu/qemu-ga.conf (0644)`. */
export function describeChange(change: Change): string {
  switch (change.do) {
    case 'write':
      return `write ${change.path} (${octal(change.mode)})`;
    case 'make-folder':
      return `make the folder ${change.path} (${octal(change.mode)})`;
    case 'set-value':
      return `set ${change.path}`;
    case 'remove':
    case 'remove-value':
      return `remove ${change.path}`;
    case 'remove-folder':
      return `remove the folder ${change.path}, if nothing else is in it`;
    case 'run':
      return `run ${change.argv.join(' ')}`;
  }
}

/**
 * Carries a plan out, in its order, and stops at the first step that fails. Throws a `UserError` (`change.failed`) that
 * says which one, and that those before it are done: made again, the plan holds the rest.
 */
export async function applyChanges(system: System, changes: readonly Change[]): Promise<void> {
  for (const [done, change] of changes.entries()) {
    try {
      await apply(system, change);
    } catch (cause) {
      const before = done === 0 ? 'nothing was changed' : `${done} of ${changes.length} steps were done before`;
      throw new UserError('change.failed', `could not ${describeChange(change)}: ${messageOf(cause)} (${before})`, {
        remedy: 'Mend that, then run the same command again: it does what is left.',
        cause,
      });
    }
  }
}

async function apply(system: System, change: Change): Promise<void> {
  switch (change.do) {
    case 'write':
      return system.write(change.path, change.text, { ...change, keepAttributes: true });
    case 'make-folder':
      return system.makeDir(change.path, change.mode);
    case 'remove':
      return system.remove(change.path);
    case 'remove-folder':
      return system.removeDir(change.path);
    case 'set-value':
      return system.registry?.write(change.path, change.value);
    case 'remove-value':
      return system.registry?.remove(change.path);
    case 'run':
      return runChange(system, change);
  }
}

/** Throws how it ended, and what it said, unless it ended well. */
export async function runChange(system: System, { argv, timeoutMs }: RunChange): Promise<void> {
  const { ended, exitCode, stderr } = await system.run(argv, { timeoutMs });
  if (ended === 'exited' && exitCode === 0) return;
  const how = ended === 'exited' ? `it ended with ${exitCode}` : HOW[ended];
  throw new Error([how, stderr.trim()].filter((part) => part !== '').join(': '));
}

const HOW = {
  signalled: 'it was killed',
  'timed-out': 'it did not end in time',
  'not-found': 'there is no such program',
  'not-started': 'it could not be started',
} as const;

const octal = (mode: number): string => mode.toString(8).padStart(4, '0');
