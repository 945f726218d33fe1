/** A word as a shell must be given it, in a script or in a command to paste: quoted where it has to be. */
export const shellWord = (word: string): string =>
  /^[\w./@:+,-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
