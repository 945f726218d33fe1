import type { Taker } from './taker.ts';

/** A rehearsal: everything is done but the copy. */
export const noneTaker: Taker = {
  id: 'none',
  takes: false,
  prepare: async () => undefined,
  take: async () => ({}),
  finish: async () => undefined,
};
