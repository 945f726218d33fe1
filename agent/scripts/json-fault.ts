import { MAX_JSON_DEPTH } from '../system/json.ts';

/** Where a text stops being JSON. */
export interface JsonFault {
  readonly line: number;
  readonly column: number;
  readonly expected: string;
}

/**
 * The first fault of a text that `parseJson` refuses; undefined when there is none. The message of `JSON.parse` names
 * a position for some faults only, and a file for people needs one for each.
 */
export function jsonFault(text: string): JsonFault | undefined {
  const reader: Reader = { text, at: 0, depth: 0 };
  const expected = readValue(reader) ?? (peek(reader) === '' ? undefined : 'the end of the file');
  if (expected === undefined) return undefined;
  const before = text.slice(0, reader.at).split('\n');
  return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1, expected };
}

interface Reader {
  readonly text: string;
  at: number;
  depth: number;
}

/** What was expected where the reader stands; undefined when all was well. */
type Missing = string | undefined;

const BLANKS = /[ \t\r\n]*/y;
const SCALAR = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

function readValue(reader: Reader): Missing {
  const next = peek(reader);
  if (next === '{') return readMembers(reader, '}', readMember);
  if (next === '[') return readMembers(reader, ']', readValue);
  if (next === '"') return readString(reader);
  return skip(reader, SCALAR) ? undefined : 'a value';
}

function readMembers(reader: Reader, close: string, readOne: (reader: Reader) => Missing): Missing {
  reader.depth += 1;
  if (reader.depth > MAX_JSON_DEPTH) return 'less nesting';
  step(reader);
  if (peek(reader) !== close) {
    const missing = readList(reader, close, readOne);
    if (missing !== undefined) return missing;
  }
  reader.depth -= 1;
  return step(reader);
}

function readList(reader: Reader, close: string, readOne: (reader: Reader) => Missing): Missing {
  for (;;) {
    const missing = readOne(reader);
    if (missing !== undefined) return missing;
    const next = peek(reader);
    if (next === close) return undefined;
    if (next !== ',') return `a comma or ${close}`;
    step(reader);
  }
}

function readMember(reader: Reader): Missing {
  if (peek(reader) !== '"') return 'a name in double quotes';
  const missing = readString(reader);
  if (missing !== undefined) return missing;
  if (peek(reader) !== ':') return 'a colon';
  step(reader);
  return readValue(reader);
}

/** A string ends on the line on which it began: a raw line break in it is a fault, most often a forgotten quote. */
function readString(reader: Reader): Missing {
  const start = reader.at;
  step(reader);
  while (reader.text[reader.at] !== '"') {
    const unit = reader.text.charCodeAt(reader.at);
    if (Number.isNaN(unit) || unit < 0x20) {
      reader.at = start;
      return 'a closing quote on the same line';
    }
    if (unit !== 0x5c) step(reader);
    else if (!skip(reader, /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y)) return 'a valid escape (a backslash is written \\\\)';
  }
  return step(reader);
}

/** The next character that is not blank; empty at the end. */
function peek(reader: Reader): string {
  skip(reader, BLANKS);
  return reader.text[reader.at] ?? '';
}

function skip(reader: Reader, pattern: RegExp): boolean {
  const sticky = new RegExp(pattern);
  sticky.lastIndex = reader.at;
  const length = sticky.exec(reader.text)?.[0].length ?? 0;
  reader.at += length;
  return length > 0;
}

function step(reader: Reader): undefined {
  reader.at += 1;
}
