import { shellWord } from '../agent/system/shell-word.ts';

const OUTPUT_BYTES = 4096;

/**
 * POSIX sh: `quiesced SECONDS ARGUMENT…`, for a program that somebody else waits for. Ends within the time, prints a few
 * lines at most, and leaves the exit code in `$code`, where 124 and 137 mean that the time was up.
 *
 * Nothing in it writes to a file system that can be frozen: `$output` has to be on one that is never.
 */
export const callFunction = (self: readonly string[]): string => `quiesced() {
  limit=$1
  shift
  timeout -k 10 "$limit" ${self.map(shellWord).join(' ')} "$@" >"$output" 2>&1 </dev/null
  code=$?
  head -c ${OUTPUT_BYTES} "$output"
  rm -f "$output"
  return "$code"
}`;

/** The files of which quiesced is made here, as words of a shell. */
export const filesOf = (self: readonly string[]): string =>
  self
    .filter((word) => word.startsWith('/'))
    .map(shellWord)
    .join(' ');
