import type { Change } from './healthy-machine.ts';
import { processFiles } from './machine.ts';

/** Something that is wrong with a machine, and what has to find it. */
export interface Fault {
  readonly name: string;
  readonly plant: Change;
  readonly found: string;
  readonly verdict: 'info' | 'warn' | 'fail';
  readonly detail: RegExp;
  /** Consequences: shown as hidden behind what was found. */
  readonly hides?: readonly string[];
  /** What others rightly say of the same: `proxy.reach warn`. */
  readonly also?: readonly string[];
  /** Checks that have nothing left to judge by, and say so. */
  readonly silences?: readonly string[];
}

export const files = (changes: Change['files'] & {}): Change => ({ files: changes });
export const programs = (changes: Change['programs'] & {}): Change => ({ programs: changes });
export const ages = (changes: Change['ages'] & {}): Change => ({ ages: changes });
export const HOUR = 3_600_000;

/** With a process that runs as well. */
export const running = (...argv: readonly string[]): Change =>
  files(processFiles(777, (argv[0] ?? '').replace(/^.*\//, '').slice(0, 15), argv));
