/** What it is to do: the inputs from `from` up to and without `to`. */
export interface Task {
  /** The module whose `targets` has the target. */
  readonly list: string;
  readonly target: string;
  readonly seed: string;
  readonly from: number;
  readonly to: number;
  /** How much of a processor's time one input may take; undefined where somebody watches the clock for it. */
  readonly mostCpuMs?: number;
  /** One number: that of the input that is being tried, or one of the two below. */
  readonly progress: SharedArrayBuffer;
}

/** Nothing was tried yet, and nothing is tried any more: the end of a server may take its time. */
export const LOADING = -2;
export const ENDING = -1;

/** An input that was not survived, and how. */
export interface Failed {
  readonly number: number;
  readonly why: string;
}
