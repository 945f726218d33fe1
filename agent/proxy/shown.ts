import { REDACTED, redact } from '../redact.ts';

/** Bounded, because each start may look so far: no user and password is longer. */
const BEFORE_AT = '\\S{0,1000}@';
const SCHEME = '(?:[a-z][a-z0-9+.-]{0,30}://)?';
const VALUE = new RegExp(`^(["']?${SCHEME})${BEFORE_AT}`, 'i');
const LINE = new RegExp(`(proxy[\\w.:]{0,60}["']?\\s{0,9}[=\\s]\\s{0,9}["']?${SCHEME})${BEFORE_AT}`, 'gi');

/** A value of a proxy setting on its way to a person: user and password gone, also where no scheme stands before them. */
export const shownValue = (value: string): string => redact(value.replace(VALUE, `$1${REDACTED}@`));

/** A line of a file that holds such values, whatever its format. */
export const shownLine = (line: string): string => redact(line.replace(LINE, `$1${REDACTED}@`));
