import { read } from './repository.ts';

/**
 * A shell script of the repository as it is packed: a line `# include PATH` gives way to that file, since a maintainer
 * script is one file, and runs where there is no other.
 */
export const scriptText = (path: string): string =>
  read(path).replace(/^# include (\S+)\n/gm, (_, included: string) => scriptText(included));
