import ini from 'ini';
import type { Problem } from './problems.ts';

/** One file, read: what it sets, and what about its form is wrong. */
export interface IniFile {
  readonly file: string;
  readonly headers: readonly Header[];
  readonly entries: readonly Entry[];
  readonly problems: readonly Problem[];
}

/** A `[section]` line. */
export interface Header {
  readonly section: string;
  readonly line: number;
}

/** A `key = value` line. */
export interface Entry extends Header {
  readonly key: string;
  readonly value: string;
}

/** Twice the longest path. Values pass regular expressions, some of which take the square of the length. */
const MAX_LINE = 8192;

type Fault = Pick<Problem, 'what' | 'remedy' | 'key'>;

/**
 * Our own index of sections, keys and lines; the npm package `ini` reads each value, one line at a time. So a value
 * belongs to the line that we name, and none of what `ini` does to a whole file can happen: dots nest sections, a
 * second key or section replaces or joins the first, `key[]` makes arrays, what it doesn't understand is dropped.
 */
export function readIni(file: string, source: string): IniFile {
  const headers: Header[] = [];
  const entries: Entry[] = [];
  const problems: Problem[] = [];
  const firstLines = new Map<string, number>();
  let section: string | undefined;

  for (const { text, line } of contentLines(source)) {
    const place = section === undefined ? { file, line } : { file, line, section };
    const read = readLine(text);
    if ('section' in read) {
      section = read.section;
      if (read.fault === undefined) headers.push({ section, line });
      else problems.push({ file, line, ...read.fault });
    } else if ('what' in read) {
      problems.push({ ...place, ...read });
    } else if (section === undefined) {
      problems.push({ ...place, key: read.key, ...BEFORE_SECTIONS });
    } else {
      const value = twice(firstLines, section, read.key, line) ?? readValue(read);
      if (typeof value === 'string') entries.push({ section, line, key: read.key, value });
      else problems.push({ ...place, key: read.key, ...value });
    }
  }
  return { file, headers, entries, problems };
}

/** The text as a value must be written for `readIni` to give it back. */
export const writeIniValue = (value: string): string =>
  readValue({ key: 'key', raw: value }) === value ? value : JSON.stringify(value);

/** Lines as `ini` counts them (also a lone CR ends one), without those that say nothing. `trim` takes a BOM too. */
function contentLines(source: string): { text: string; line: number }[] {
  const lines = source.split(/\r\n|\r|\n/).map((text, index) => ({ text: text.trim(), line: index + 1 }));
  // UTF-16, or no text at all: one problem says it better than one a line.
  const binary = lines.find(({ text }) => text.includes('\0'));
  if (binary !== undefined) return [binary];
  return lines.filter(({ text }) => text !== '' && !/^[;#]/.test(text));
}

interface KeyLine {
  readonly key: string;
  readonly raw: string;
}

function readLine(text: string): { section: string; fault?: Fault } | KeyLine | Fault {
  if (text.length > MAX_LINE) return TOO_LONG;
  if (UNPRINTABLE.test(text)) return NOT_TEXT;
  if (text.startsWith('[')) return readHeader(text);
  const equals = text.indexOf('=');
  const key = (equals === -1 ? text : text.slice(0, equals)).trim();
  // What stands there is not shown: it may be a password that lost its key.
  if (!/^[a-z][\w-]*$/i.test(key)) return NOT_A_LINE;
  if (equals === -1) return { ...NO_EQUALS, key };
  return { key, raw: text.slice(equals + 1).trim() };
}

/** With a fault, the section is one that nobody knows: what follows must not count for the section before. */
function readHeader(text: string): { section: string; fault?: Fault } {
  const name = /^\[([^[\]]*)\]$/.exec(text)?.[1]?.trim().replace(/\s+/g, ' ');
  return name === undefined || name === '' ? { section: text, fault: NOT_A_HEADER } : { section: name };
}

function twice(firstLines: Map<string, number>, section: string, key: string, line: number): Fault | undefined {
  const id = `${section}\n${key}`;
  const first = firstLines.get(id);
  if (first === undefined) {
    firstLines.set(id, line);
    return undefined;
  }
  return {
    what: `is set twice; first in line ${first}`,
    remedy: 'Remove one of the two. Only another file, read later, may set a key again.',
  };
}

/** Takes a value only if `ini` reads just what is written; whatever it would cut, unescape or convert is a fault. */
function readValue({ key, raw }: KeyLine): string | Fault {
  const written = literal(raw);
  if (typeof written !== 'string') return written;
  if (UNPRINTABLE.test(written) || !written.isWellFormed()) return BAD_ESCAPE;
  const read: unknown = ini.parse(`${key}=${raw}`)[key];
  // A bare `true` or `null` becomes a value that is no string, and so does a '5' in single quotes.
  const same = typeof read === 'object' && read !== null ? false : String(read) === written;
  return same ? written : NOT_AS_WRITTEN;
}

/** What a reader takes the value for. */
function literal(raw: string): string | Fault {
  const quote = raw[0];
  if (quote === undefined) return EMPTY;
  if (quote !== '"' && quote !== "'") return /[;#]/.test(raw) ? UNQUOTED : raw;
  if (raw.length < 2 || !raw.endsWith(quote)) return OPEN_QUOTE;
  if (quote === "'") return raw.slice(1, -1);
  try {
    return String(JSON.parse(raw));
  } catch {
    return BAD_ESCAPE;
  }
}

/** Control characters but the tab, the line ends of Unicode (`ini` drops such a line), and what was not UTF-8. */
const UNPRINTABLE = /(?!\t)[\p{Cc}\p{Zl}\p{Zp}\uFFFD]/u;

const NOT_TEXT: Fault = {
  what: 'holds characters that are not printable, or not UTF-8',
  remedy: 'Save the file as UTF-8 text, and type the line anew.',
};
const TOO_LONG: Fault = {
  what: `is longer than ${MAX_LINE} characters`,
  remedy: 'Shorten it; a long command belongs in a script.',
};
const NOT_A_LINE: Fault = {
  what: 'is neither [section], key = value nor a comment',
  remedy: 'Write key = value, the key in letters, digits and hyphens; a comment starts with # or ;.',
};
const NOT_A_HEADER: Fault = {
  what: 'starts with [ but is not the name of a section in brackets',
  remedy: 'Write [section] alone on the line, and comments on a line of their own.',
};
const NO_EQUALS: Fault = { what: 'has no = and no value', remedy: 'Write key = value.' };
const BEFORE_SECTIONS: Fault = {
  what: 'stands before the first section',
  remedy: 'Put a line with the [section] that the key belongs to above it.',
};
const EMPTY: Fault = { what: 'has no value', remedy: 'Give it one, or remove the line: the default holds then.' };
const UNQUOTED: Fault = {
  what: 'has an unquoted ; or # in its value',
  remedy: 'Put the value in double quotes if the character belongs to it, and comments on a line of their own.',
};
const OPEN_QUOTE: Fault = {
  what: 'starts with a quote but does not end with the same one',
  remedy: 'Quote the whole value, and put comments on a line of their own.',
};
const BAD_ESCAPE: Fault = {
  what: 'is not correctly quoted',
  remedy: 'Within double quotes write \\" for a quote and \\\\ for a backslash, or use single quotes.',
};
const NOT_AS_WRITTEN: Fault = {
  what: 'would not be read as it is written, because of its quotes or backslashes',
  remedy: 'Put the value in double quotes, and within them write \\" for a quote and \\\\ for a backslash.',
};
