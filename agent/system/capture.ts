import { StringDecoder } from 'node:string_decoder';

/** What is kept of each end of an output: enough for the first error and the last words of a script. */
export const KEPT_BYTES = 32 * 1024;

/** A line without an end is given out in pieces of this size: a program must not make us grow. */
const MAX_LINE_CHARS = 64 * 1024;

/** The first and the last bytes of a stream of any length. */
export interface Capture {
  add(chunk: Uint8Array): void;
  /** What was kept. Between the two ends stands how much is missing. */
  text(): string;
}

export function createCapture(keptBytes = KEPT_BYTES): Capture {
  const head: Uint8Array[] = [];
  let headBytes = 0;
  let tail: Uint8Array[] = [];
  let tailBytes = 0;
  let droppedBytes = 0;

  const addToTail = (chunk: Uint8Array) => {
    tail.push(chunk);
    tailBytes += chunk.length;
    // Cut rarely, not at each chunk: what is kept in between stays below twice the limit and one chunk.
    if (tailBytes < keptBytes * 2) return;
    const all = Buffer.concat(tail);
    droppedBytes += all.length - keptBytes;
    tail = [Buffer.from(all.subarray(all.length - keptBytes))];
    tailBytes = keptBytes;
  };

  return {
    add(chunk) {
      const forHead = chunk.subarray(0, keptBytes - headBytes);
      // Copied: a chunk is a view of a larger buffer, which would stay alive as long as the view.
      if (forHead.length > 0) head.push(Uint8Array.from(forHead));
      headBytes += forHead.length;
      if (forHead.length < chunk.length) addToTail(chunk.subarray(forHead.length));
    },
    text() {
      const all = Buffer.concat(tail);
      const end = all.subarray(Math.max(0, all.length - keptBytes));
      const missing = droppedBytes + all.length - end.length;
      const start = Buffer.concat(head);
      if (missing === 0) return Buffer.concat([start, end]).toString('utf8');
      const whole = fromNextLine(end.toString('utf8'));
      return `${start.toString('utf8')}\n[… about ${missing} bytes left out …]\n${whole}`;
    },
  };
}

/** A line cut in the middle may begin inside a password, where `redact` cannot know it for one any more. */
const fromNextLine = (text: string): string => text.slice(text.search(/\s/) + 1 || text.length);

/** Gives out whole lines, without their ends, as the bytes come. `end` gives out the last one that had no end. */
export function lineSplitter(onLine: (line: string) => void): { add(chunk: Uint8Array): void; end(): void } {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    add(chunk) {
      const lines = (rest + decoder.write(Buffer.from(chunk))).split(/\r?\n/);
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
      if (rest.length < MAX_LINE_CHARS) return;
      onLine(rest);
      rest = '';
    },
    end() {
      if (rest !== '') onLine(rest);
      rest = '';
    },
  };
}
