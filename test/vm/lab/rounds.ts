const SHORT = 2;
/** A full run is made with 50. */
export const ROUNDS = Number(process.env.QUIESCED_VM_ROUNDS || SHORT);
export const FULL_RUN = ROUNDS > SHORT;
