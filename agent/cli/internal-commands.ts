import type { CommandSpec } from './flags.ts';

/** Exit codes of a command that has none of its own. */
export const DONE = { 0: 'done', 1: 'failed', 2: 'wrong usage' } as const;

/** What our own processes are started as; nobody else calls them. */
export const INTERNAL_COMMANDS: readonly CommandSpec[] = [
  { name: 'guard', needsRoot: true, about: 'The process that thaws', flags: [], exitCodes: DONE, hidden: true },
  {
    name: 'keep-hold',
    needsRoot: true,
    about: 'The process that holds',
    flags: [],
    words: 'REQUEST',
    exitCodes: DONE,
    hidden: true,
  },
  {
    name: 'recover',
    needsRoot: true,
    about: 'Leaves what a dead process held',
    flags: [],
    exitCodes: DONE,
    hidden: true,
  },
  {
    name: 'thaw-overdue',
    needsRoot: true,
    about: 'What the timer starts that is armed before a freeze',
    flags: [],
    words: 'SINCE-MS DEADLINE-MS',
    exitCodes: DONE,
    hidden: true,
  },
  {
    name: 'compare-image',
    needsRoot: true,
    about: 'Reads an initramfs before it takes the place of another',
    flags: [],
    words: 'NEW PRESENT KERNEL [azure]',
    exitCodes: DONE,
    hidden: true,
  },
  { name: 'sqlite-session', about: 'A client of SQLite', flags: [], words: 'FILE', exitCodes: DONE, hidden: true },
  {
    name: 'client-feeder',
    about: "Hands a client's lines on, on Windows",
    flags: [],
    words: 'LIFE-MS -- CLIENT',
    exitCodes: DONE,
    hidden: true,
  },
  { name: 'sandbox-writer', about: 'Writes all the time', flags: [], words: 'FOLDER', exitCodes: DONE, hidden: true },
];
