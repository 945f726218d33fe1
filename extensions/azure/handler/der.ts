/** One element of ASN.1 in DER, or in BER of indefinite length, as CMS is streamed (X.690). */
export interface Der {
  readonly tag: number;
  /** What is in it, without tag and length. */
  readonly bytes: Buffer;
  /** Of a constructed one. */
  readonly children: readonly Der[];
  /** Dotted, of an object identifier. */
  readonly oid: string | undefined;
}

/** Deeper than any envelope, and no danger to the stack. */
const MAX_DEPTH = 32;

/** The first element of the text. Throws for what is not complete or not DER. */
export const readDer = (bytes: Buffer): Der => readAt(bytes, 0, 0).element;

function readAt(bytes: Buffer, at: number, depth: number): { readonly element: Der; readonly end: number } {
  const tag = byteAt(bytes, at);
  if ((tag & 0x1f) === 0x1f) throw new Error('a tag of several bytes, which CMS has none of');
  if (depth > MAX_DEPTH) throw new Error('nested too deeply');
  const constructed = (tag & 0x20) !== 0;
  const { length, start } = lengthAt(bytes, at + 1);
  if (length === undefined) {
    if (!constructed) throw new Error('only what is made of parts may have no length');
    const { children, end } = readUntilEnd(bytes, start, depth);
    return { element: elementOf(tag, bytes.subarray(start, end - 2), children), end };
  }
  const end = start + length;
  if (end > bytes.length) throw new Error('cut off');
  const content = bytes.subarray(start, end);
  return { element: elementOf(tag, content, constructed ? readAll(content, depth) : []), end };
}

function readAll(content: Buffer, depth: number): readonly Der[] {
  const children: Der[] = [];
  for (let at = 0; at < content.length; ) {
    const { element, end } = readAt(content, at, depth + 1);
    children.push(element);
    at = end;
  }
  return children;
}

/** Two zeros end it. */
function readUntilEnd(bytes: Buffer, start: number, depth: number) {
  const children: Der[] = [];
  let at = start;
  while (byteAt(bytes, at) !== 0 || byteAt(bytes, at + 1) !== 0) {
    const { element, end } = readAt(bytes, at, depth + 1);
    children.push(element);
    at = end;
  }
  return { children, end: at + 2 };
}

function lengthAt(bytes: Buffer, at: number): { readonly length: number | undefined; readonly start: number } {
  const first = byteAt(bytes, at);
  if (first < 0x80) return { length: first, start: at + 1 };
  if (first === 0x80) return { length: undefined, start: at + 1 };
  const count = first & 0x7f;
  if (count > 4) throw new Error('longer than anything');
  let length = 0;
  for (let index = 1; index <= count; index += 1) length = length * 256 + byteAt(bytes, at + index);
  return { length, start: at + 1 + count };
}

function byteAt(bytes: Buffer, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw new Error('cut off');
  return byte;
}

const elementOf = (tag: number, bytes: Buffer, children: readonly Der[]): Der => ({
  tag,
  bytes,
  children,
  oid: tag === 0x06 ? oidOf(bytes) : undefined,
});

/** Base 128, the first two numbers in one. */
function oidOf(bytes: Buffer): string {
  const numbers: number[] = [];
  let value = 0;
  for (const byte of bytes) {
    value = value * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    if (numbers.length === 0) {
      const first = Math.min(2, Math.floor(value / 40));
      numbers.push(first, value - first * 40);
    } else numbers.push(value);
    value = 0;
  }
  return numbers.join('.');
}
