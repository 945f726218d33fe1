import { mutateJson } from './mutate-json.ts';
import { nested, piece, run } from './pieces.ts';
import type { Random } from './random.ts';

/** Longer ones cost time and find nothing more. */
const MAX_BYTES = 400_000;

/** A sample after one to five changes; now and then the sample itself, which every reader must like. */
export function mutated(samples: readonly Buffer[], random: Random): Buffer {
  let input = random.pick(samples);
  for (let left = random.below(6); left > 0; left -= 1) {
    input = change(input, samples, random);
    if (input.length > MAX_BYTES) input = input.subarray(0, MAX_BYTES);
  }
  return input;
}

type Mutation = (input: Buffer, random: Random, samples: readonly Buffer[]) => Buffer;

/** Each as likely as the next; those that find the most stand here more than once. */
const change: (input: Buffer, samples: readonly Buffer[], random: Random) => Buffer = (input, samples, random) =>
  random.pick(MUTATIONS)(input, random, samples);

/** `from` and `to` of a piece of the input: mostly short ones. */
function span(input: Buffer, random: Random): readonly [from: number, to: number] {
  const from = random.below(input.length + 1);
  return [from, Math.min(input.length, from + random.below(random.pick([2, 6, 30, 200, input.length + 1])))];
}

const put = (input: Buffer, from: number, to: number, what: Buffer): Buffer =>
  Buffer.concat([input.subarray(0, from), what, input.subarray(to)]);

const flipBit: Mutation = (input, random) => {
  const copy = Buffer.from(input);
  const at = random.below(Math.max(1, copy.length));
  if (copy.length > 0) copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
};
const cutOff: Mutation = (input, random) => input.subarray(0, random.below(input.length + 1));
const cutHead: Mutation = (input, random) => input.subarray(random.below(input.length + 1));
const cutOut: Mutation = (input, random) => put(input, ...span(input, random), Buffer.alloc(0));
const insert: Mutation = (input, random) => {
  const at = random.below(input.length + 1);
  return put(input, at, at, piece(random));
};
const overwrite: Mutation = (input, random) => put(input, ...span(input, random), piece(random));
const nest: Mutation = (input, random) => put(input, ...span(input, random), nested(random));
const repeatPiece: Mutation = (input, random) => {
  const [from, to] = span(input, random);
  return put(
    input,
    from,
    to,
    run(random, random.oneIn(2) ? piece(random) : input.subarray(from, Math.min(to, from + 6))),
  );
};
const doubled: Mutation = (input, random) => {
  const [from, to] = span(input, random);
  return put(input, to, to, input.subarray(from, to));
};
const splice: Mutation = (input, random, samples) => {
  const other = random.pick(samples);
  return put(input, ...span(input, random), other.subarray(...span(other, random)));
};

/** Numbers, words and what stands between them: latin1 keeps every byte as it is. */
const tokensOf = (input: Buffer): string[] => input.toString('latin1').match(/\w+|\s+|[^\w\s]/g) ?? [];
const fromTokens = (tokens: readonly string[]): Buffer => Buffer.from(tokens.join(''), 'latin1');
const swapTokens: Mutation = (input, random) => {
  const tokens = tokensOf(input);
  const [one, other] = [random.below(tokens.length + 1), random.below(tokens.length + 1)];
  [tokens[one], tokens[other]] = [tokens[other] ?? '', tokens[one] ?? ''];
  return fromTokens(tokens);
};
const replaceToken: Mutation = (input, random) => {
  const tokens = tokensOf(input);
  tokens[random.below(tokens.length + 1)] = piece(random).toString('latin1');
  return fromTokens(tokens);
};

const LF = 0x0a;
const linesOf = (input: Buffer): Buffer[] => {
  const lines: Buffer[] = [];
  for (let from = 0; from <= input.length; ) {
    const at = input.indexOf(LF, from);
    const to = at < 0 ? input.length : at + 1;
    lines.push(input.subarray(from, to));
    from = at < 0 ? input.length + 1 : to;
  }
  return lines;
};
const moveLine: Mutation = (input, random) => {
  const lines = linesOf(input);
  const [line = Buffer.alloc(0)] = lines.splice(random.below(lines.length), random.below(2));
  lines.splice(random.below(lines.length + 1), 0, line, ...(random.oneIn(2) ? [line] : []));
  return Buffer.concat(lines);
};
const otherLineEnds: Mutation = (input, random) =>
  Buffer.from(input.toString('latin1').replaceAll('\n', random.pick(['\r\n', '\r', '\n\n', '\n\r', ''])), 'latin1');
const withMark: Mutation = (input) => Buffer.concat([Buffer.from('\ufeff'), input]);
const asUtf16: Mutation = (input) => Buffer.from(input.toString('utf8'), 'utf16le');

const MUTATIONS: readonly Mutation[] = [
  ...[flipBit, cutOff, cutHead, cutOut, insert, overwrite, nest, doubled, splice, swapTokens, moveLine],
  ...[otherLineEnds, withMark, asUtf16, insert, overwrite, flipBit, repeatPiece, repeatPiece],
  ...[replaceToken, replaceToken, replaceToken, mutateJson, mutateJson, mutateJson],
];
