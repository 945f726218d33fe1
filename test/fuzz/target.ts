/** One reader of what others wrote, and real samples of that. */
export interface FuzzTarget {
  readonly name: string;
  /** What it puts to the test: `config/ini.ts readIni`, below `agent/`. */
  readonly covers: readonly string[];
  readonly samples: readonly (string | Buffer)[];
  /** Where one input costs milliseconds: only one in so many of the inputs that were asked for is tried. */
  readonly oneIn?: number;
  /** Starts what `read` needs; called once, before the first input. What is returned ends it. */
  prepare?(): Promise<() => Promise<void>>;
  /**
   * May refuse the input with a `UserError` that has a code. Whatever else it throws is a bug, and so is not to come
   * back. A property that does not hold is thrown as well.
   */
  read(input: Buffer): unknown;
}

/** The commonest kind: a function over a text, read from a file as UTF-8. */
export const textTarget = (
  name: string,
  covers: readonly string[],
  samples: readonly string[],
  read: (text: string) => unknown,
): FuzzTarget => ({ name, covers, samples, read: (input) => read(input.toString('utf8')) });

/** Throws unless it holds. */
export function mustHold(holds: boolean, what: string): void {
  if (!holds) throw new Error(`does not hold: ${what}`);
}
