import { REDACTED, redact } from '../redact.ts';

/** A value of a proxy setting on its way to a person: user and password gone, also where no scheme stands before them. */
export const shownValue = (value: string): string =>
  redact(value.replace(/^(["']?(?:[a-z][a-z0-9+.-]*:\/\/)?)\S*@/i, `$1${REDACTED}@`));

/** A line of a file that holds such values, whatever its format. */
export const shownLine = (line: string): string =>
  redact(line.replace(/(proxy[\w.:]*["']?\s*[=\s]\s*["']?(?:[a-z][a-z0-9+.-]*:\/\/)?)\S*@/gi, `$1${REDACTED}@`));
