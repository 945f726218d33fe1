import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** A benchmark is not to fail for being slow: 192 MiB take minutes to write out on some disks. */
const ANSWER_MS = 300_000;

/** One question, one line of JSON as the answer. */
export interface LineClient {
  /** Throws when the other side is gone or silent. */
  ask(question: string): Promise<unknown>;
  /** The next line, unasked. */
  answer(): Promise<unknown>;
}

export function lineClient(from: Readable, to: Writable): LineClient {
  const lines = createInterface({ input: from });
  const answer = async (): Promise<unknown> => {
    const deadline = new AbortController();
    const timer = setTimeout(() => deadline.abort(new Error(`no answer within ${ANSWER_MS} ms`)), ANSWER_MS);
    try {
      const { signal } = deadline;
      const [line] = await Promise.race([
        once(lines, 'line', { signal }),
        once(lines, 'close', { signal }).then(() => {
          throw new Error('the other side ended without an answer');
        }),
      ]);
      return JSON.parse(line);
    } finally {
      clearTimeout(timer);
      deadline.abort(); // the one that lost the race stops listening
    }
  };
  return {
    answer,
    ask(question) {
      const answered = answer();
      to.write(`${question}\n`);
      return answered;
    },
  };
}
