import { deepStrictEqual } from 'node:assert';
import t from 'tap';
import { lineReader } from '../../../agent/freezer/guard-protocol.ts';
import fc from '../../fast-check.ts';

/** What comes of a stream that arrives in these chunks. */
function read(chunks: readonly string[]): {
  readonly messages: readonly unknown[];
  readonly broken: readonly string[];
} {
  const messages: unknown[] = [];
  const broken: string[] = [];
  const reader = lineReader<unknown>(
    (message) => messages.push(message),
    (line) => broken.push(line),
  );
  for (const chunk of chunks) reader(chunk);
  return { messages, broken };
}

/** Cuts a text at these places, wherever they are. */
const cut = (text: string, at: readonly number[]): readonly string[] => {
  const places = [...new Set(at.map((place) => place % (text.length + 1)))].sort((a, b) => a - b);
  return [0, ...places].map((place, index) => text.slice(place, places[index]));
};

t.test('messages come out as they were sent, wherever the stream is cut', async () => {
  const message = fc.oneof(fc.dictionary(fc.string(), fc.jsonValue()), fc.array(fc.jsonValue()));
  fc.assert(
    fc.property(fc.array(message), fc.array(fc.nat()), (sent, places) => {
      const whole = sent.map((each) => JSON.parse(JSON.stringify(each)));
      const text = sent.map((each) => `${JSON.stringify(each)}\n`).join('');
      const { messages, broken } = read(cut(text, places));
      deepStrictEqual({ messages, broken }, { messages: whole, broken: [] });
    }),
  );
});

t.test('a line that is no object is broken, and those around it are not', async (t) => {
  for (const line of ['', 'talk', '{"do":', 'null', '5', '"freeze"', 'true', '{"do":"freeze"}}']) {
    const { messages, broken } = read([`{"do":"open"}\n${line}\n{"do":"bye"}\n`]);
    t.strictSame(messages, [{ do: 'open' }, { do: 'bye' }], JSON.stringify(line));
    t.strictSame(broken, [line]);
  }
});

t.test('a message without its end is none yet', async (t) => {
  t.strictSame(read(['{"do":"thaw"}']), { messages: [], broken: [] });
  t.strictSame(read(['{"do":"thaw"}', '\n']).messages, [{ do: 'thaw' }]);
});
