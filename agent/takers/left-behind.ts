import { UserError } from '../errors.ts';

/** Something that a taker may have left, and that no program can be certain enough of to give it back: told, once. */
export class LeftBehind extends UserError {}
