/** What the writer's parent may ask, one word a line on its stdin. End of input means `stop`. */
export const WRITER_COMMANDS = ['hold', 'verify', 'release', 'mark', 'probe', 'stop'] as const;
export type WriterCommand = (typeof WRITER_COMMANDS)[number];

/** One JSON line of the writer's stdout. Nanoseconds are text: after 104 days of uptime a number is too small. */
export type WriterLine =
  /** Everything is loaded, opened and preallocated; the writing begins. */
  | { readonly ready: true }
  /** All records up to this number are on disk: fdatasync has returned. */
  | Acked
  /** Fatal: the writer ends. */
  | { readonly failed: string }
  | WriterAnswer;

export interface Acked {
  readonly acked: number;
  readonly atNs: string;
}

/** Answers come in the order of the questions, for each command. */
export type WriterAnswer =
  /** Everything up to `held` is acknowledged and nothing is written until the release of this very session. */
  | { readonly answer: 'hold'; readonly held: number; readonly session: string }
  /** Without `session` when there is no hold. */
  | { readonly answer: 'verify'; readonly held: number; readonly session?: string }
  | { readonly answer: 'release'; readonly released: number }
  /** The figures of the window that ends here; another one begins. */
  | ({ readonly answer: 'mark' } & ProbeFigures)
  /** The figures of the window so far. Comes after the write that is under way, so it has a stall whole. */
  | ({ readonly answer: 'probe' } & ProbeFigures)
  | { readonly answer: 'stop'; readonly records: number; readonly probes: number };

/** What the probe saw since the last `mark`. */
export interface ProbeFigures {
  /** Writes of this window. */
  readonly writes: number;
  /** The longest single write, and when it was begun. */
  readonly longestMs: number;
  readonly longestAtNs: string;
  /** Number of the last write that has returned, counted from the start. */
  readonly number: number;
}

export type AnswerTo<C extends WriterCommand> = Extract<WriterAnswer, { readonly answer: C }>;
