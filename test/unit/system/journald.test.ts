import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { createLog } from '../../../agent/log.ts';
import { encodeEntry, MESSAGE_IDS, openServiceLog } from '../../../agent/system/journald.ts';
import { localSystem } from '../../../agent/system/local.ts';
import { until } from '../freezer/rig.ts';
import { type Receiver, receiverAt } from './datagrams.ts';

/** Reads the native protocol as journald does; values as bytes. */
function decode(data: Buffer): Readonly<Record<string, string>> {
  const fields: Record<string, string> = {};
  for (let at = 0; at < data.length; ) {
    const end = data.indexOf('\n', at);
    const line = data.subarray(at, end).toString();
    const equals = line.indexOf('=');
    if (equals >= 0) {
      fields[line.slice(0, equals)] = line.slice(equals + 1);
      at = end + 1;
      continue;
    }
    const length = Number(data.readBigUInt64LE(end + 1));
    const from = end + 9;
    fields[line] = data.subarray(from, from + length).toString();
    if (data[from + length] !== 0x0a) throw new Error('a value does not end where it says');
    at = from + length + 1;
  }
  return fields;
}

async function journald(t: { teardown(last: () => void): unknown }) {
  const root = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(root, { recursive: true }));
  const path = join(root, 'run/systemd/journal/socket');
  mkdirSync(dirname(path), { recursive: true });
  const receiver = await receiverAt(t, path);
  const stderr: string[] = [];
  const { sink, drained } = await openServiceLog(localSystem({ root, env: {} }), (text) => stderr.push(text));
  return {
    log: createLog('debug', sink),
    drained,
    stderr,
    receiver,
    next: async () => decode((await receiver.next()).data),
  };
}

t.test('each part of an event is a field of its own', async (t) => {
  const { log, next } = await journald(t);
  const fields = { id: 'a-b', mountPoint: '/a b', frozenMs: 12, ok: true, none: undefined };
  log.info('the run ended', { event: 'run-ended', ...fields });
  t.strictSame(await next(), {
    MESSAGE: 'the run ended event=run-ended id=a-b mountPoint="/a b" frozenMs=12 ok=true',
    PRIORITY: '6',
    SYSLOG_IDENTIFIER: 'quiesced',
    MESSAGE_ID: MESSAGE_IDS['run-ended'],
    QUIESCED_EVENT: 'run-ended',
    QUIESCED_ID: 'a-b',
    QUIESCED_MOUNT_POINT: '/a b',
    QUIESCED_FROZEN_MS: '12',
    QUIESCED_OK: 'true',
  });
});

t.test('the priority is that of syslog', async (t) => {
  const { log, next } = await journald(t);
  for (const [level, priority] of [
    ['error', '3'],
    ['warn', '4'],
    ['info', '6'],
    ['debug', '7'],
  ] as const) {
    log[level](`is ${level}`);
    t.match(await next(), { MESSAGE: `is ${level}`, PRIORITY: priority });
  }
});

t.test('a value with line breaks stays one value, whatever is in it', async (t) => {
  const { log, next } = await journald(t);
  const output = 'first\nMESSAGE=forged\n\n PRIORITY=0\n=\0\u00fc';
  log.info('two\nlines', { output, 'odd-näme.x': 'a=b' });
  t.match(await next(), {
    MESSAGE: /^two ⏎ lines output=/,
    PRIORITY: '6',
    QUIESCED_OUTPUT: output,
    QUIESCED_ODD_N_ME_X: 'a=b',
  });
});

t.test('no secret is in any field', async (t) => {
  const { log, receiver } = await journald(t);
  const url = 'https://u:hunter2@host/a?sv=1&sig=hunter2%2Bhunter2';
  log.info(`GET ${url}`, { url, password: 'a"hunter2 b', sasToken: 'hunter2', text: 'x\nAccountKey=hunter2;\ny' });
  const { data } = await receiver.next();
  t.notMatch(data.toString(), /hunter2/);
  t.match(decode(data), { QUIESCED_PASSWORD: '[redacted]', QUIESCED_SAS_TOKEN: '[redacted]' });
  t.match(decode(data).QUIESCED_URL, /^https:\/\/u:.*host/);
});

t.test('what is too long is cut, and arrives', async (t) => {
  const { log, next, stderr } = await journald(t);
  log.warn('m'.repeat(500_000), { output: 'ü\n'.repeat(500_000), id: 'short' });
  const got = await next();
  t.match(got, { PRIORITY: '4', QUIESCED_ID: 'short' });
  for (const name of ['MESSAGE', 'QUIESCED_OUTPUT']) {
    const text = got[name] ?? '';
    t.ok(Buffer.byteLength(text) > 1000 && text.length < 200_000, `${name}: ${text.length}`);
    t.ok(text.endsWith('…') && !text.includes('\ufffd'), 'between two characters');
  }
  t.strictSame(stderr, []);
});

t.test('what is too long only as a whole is cut more', async (t) => {
  const { log, next } = await journald(t);
  const names = [...'abcdefghij'];
  log.info('much', Object.fromEntries(names.map((name) => [name, 'x'.repeat(100_000)])));
  const got = await next();
  for (const name of names) t.match(got[`QUIESCED_${name.toUpperCase()}`], /^x{1000,32000}…$/);
});

t.test('every length keeps whole characters', async (t) => {
  for (let most = 256; most < 270; most += 1) {
    const entry = { level: 'info' as const, message: '', fields: { a: 'x€😀'.repeat(100) } };
    const value = decode(encodeEntry('info', entry, most)).QUIESCED_A ?? '';
    t.ok(Buffer.byteLength(value) <= most && !value.includes('\ufffd'), `${most}`);
  }
});

t.test('while paused nothing leaves', async (t) => {
  const { log, next, receiver } = await journald(t);
  log.pause();
  log.info('one');
  log.info('two', { n: 2 });
  await receiver.stop();
  await receiver.go();
  t.equal(receiver.waiting(), 0);
  log.resume();
  t.match(await next(), { MESSAGE: 'one' });
  t.match(await next(), { MESSAGE: 'two n=2', QUIESCED_N: '2' });
});

t.test('a journald that stands still is not waited for; it gets what it missed, and how much is lost', async (t) => {
  const { log, next, receiver, stderr } = await journald(t);
  await receiver.stop();
  const beganMs = performance.now();
  for (let number = 0; number < 3000; number += 1) log.info(`line ${number}`);
  t.ok(performance.now() - beganMs < 20_000, `${performance.now() - beganMs} ms`);
  await receiver.go();
  const messages: string[] = [];
  while (!/dropped/.test(messages.at(-1) ?? '')) messages.push((await next()).MESSAGE ?? '');
  t.equal(messages[0], 'line 0');
  const lost = Number(messages.at(-1)?.split(' ')[0]);
  t.strictSame(
    messages.slice(0, -1),
    Array.from({ length: 3000 - lost }, (_, number) => `line ${number}`),
    'in their order, none twice',
  );
  log.info('after');
  t.match(await next(), { MESSAGE: 'after' });
  t.strictSame(stderr, []);
});

t.test('a process that ends waits for its last lines, and not for ever', async (t) => {
  const { log, drained, receiver } = await journald(t);
  await receiver.stop();
  for (let number = 0; number < 900; number += 1) log.info(`line ${number}`);
  let done = false;
  const last = drained().then(() => {
    done = true;
  });
  await sleep(100);
  t.notOk(done, 'while it takes none');
  await receiver.go();
  await last;
  t.equal(await come(receiver, 900), 900, 'all have come');

  await receiver.stop();
  for (let number = 0; number < 900; number += 1) log.info(`line ${number}`);
  await drained();
});

/** How many have come a moment after all are there. */
async function come(receiver: Receiver, count: number): Promise<number> {
  await until(`${count} have come`, () => receiver.waiting() >= count);
  await sleep(100);
  return receiver.waiting();
}

t.test('a journald that is gone: the line is not lost', async (t) => {
  const { log, receiver, stderr } = await journald(t);
  await receiver.end();
  log.warn('to whom?', { id: 'a' });
  t.strictSame(stderr, ['warn  to whom? id=a\n']);
});

t.test('each event has an id of its own, as journald wants them', async (t) => {
  const ids = Object.values(MESSAGE_IDS);
  for (const id of ids) t.match(id, /^[0-9a-f]{32}$/);
  t.equal(new Set(ids).size, ids.length);
});
