import type { Random } from './random.ts';

/** What readers stumble over, as bytes: each was somebody's bug. */
const PIECES: readonly Buffer[] = [
  ...['0', '-1', '00', '1e999', '-0', '0x10', '1.5', 'NaN', 'Infinity', '9007199254740993', '18446744073709551616'],
  ...['2147483648', '4294967296', '99999999999999999999999999', '1e-400', '٣', '１'],
  ...['null', 'true', 'false', 'undefined', '[]', '{}', '""', '[null]', '{"toString":null}', '{"length":-1}'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'length', 'prototype', 'valueOf'],
  ...['\0', '\r', '\n', '\r\n', '\n\n', '\t', '\v', '\f', '\x1b[2J', '\x7f', '\u0085', '\u2028', '\u00a0', '\u200b'],
  ...['\ufeff', '😀', '👩‍👩‍👧‍👦', 'é', 'e\u0301', '\u202e', 'İ', 'ß'],
  ...[
    '"',
    "'",
    '`',
    '\\',
    '\\\\',
    '\\"',
    '\\040',
    '\\777',
    '\\u0000',
    '\\ud800',
    '%',
    '%s',
    '%00',
    '$',
    '$HOME',
    '$(id)',
  ],
  ...[
    '=',
    ':',
    ';',
    '#',
    ',',
    '.',
    '..',
    '/',
    '//',
    '../../',
    '-',
    '--',
    ' - ',
    '*',
    '**',
    '?',
    '[',
    ']',
    '{',
    '}',
    '(',
    ')',
  ],
  ...['!', '|', '&', '<', '>', '@', '@x', '^', '~', '+', '_', ' '],
].map((text) => Buffer.from(text));

/** No UTF-8: a lone continuation, a cut sequence, an overlong NUL, a surrogate, beyond the last character, UTF-16. */
const NOT_UTF8: readonly Buffer[] = ['80', 'e282', 'c080', 'eda080', 'f4908080', 'ff', 'fe', 'fffe3c00'].map((hex) =>
  Buffer.from(hex, 'hex'),
);

export const piece = (random: Random): Buffer => random.pick(random.oneIn(8) ? NOT_UTF8 : PIECES);

const OPENERS: readonly (readonly [open: string, close: string])[] = [
  ['[', ']'],
  ['{"a":', '}'],
  ['(', ')'],
  ['[{"a":[', ']}]'],
  ['"', '"'],
  ['\\', ''],
];

/** Up to 20,000 levels, closed or not. */
export function nested(random: Random): Buffer {
  const [open, close] = random.pick(OPENERS);
  const levels = 2 ** (1 + random.below(14)) + random.below(16);
  return Buffer.from(open.repeat(levels) + (random.oneIn(2) ? close.repeat(levels) : ''));
}

/** What one run of a repeated piece may have, in bytes. Half of them is short: length alone costs the most time. */
const RUNS = [8, 40, 200, 1000, 4000, 4000, 64_000, 200_000];

/** The same again and again: what makes a pattern try all the ways to cut it. */
export function run(random: Random, of: Buffer): Buffer {
  const limit = RUNS[Math.min(random.below(RUNS.length), random.below(RUNS.length))] ?? 8;
  const times = Math.max(2, Math.floor(random.below(limit) / Math.max(1, of.length)));
  return Buffer.alloc(times * Math.max(1, of.length), of.length === 0 ? ' ' : of);
}
