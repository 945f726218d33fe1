import { mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, unlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openDatagram } from '../../../agent/system/datagram.ts';
import { EAGAIN, EMSGSIZE } from '../../../agent/system/native.ts';
import { receiverAt } from './datagrams.ts';

const ENOENT = 2;
const ECONNREFUSED = 111;
const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
t.teardown(() => rmSync(folder, { recursive: true }));
const path = join(folder, 'socket');

const sockets = (): readonly string[] =>
  readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).startsWith('socket:');
    } catch {
      return false;
    }
  });

/** fcntl(2): the flags are octal, and this is O_CLOEXEC. */
const isInherited = (fd: string): boolean =>
  !/^flags:\s*0?2\d{6}$/m.test(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));

for (const address of [path, `@quiesced-test-${process.pid}-ü`]) {
  t.test(`what is sent arrives, byte by byte, from this process: ${address}`, async (t) => {
    const receiver = await receiverAt(t, address);
    const before = sockets();
    const sender = await openDatagram(address);
    const bytes = Buffer.from([0, 1, 10, 255, 0]);
    t.equal(sender.send(bytes), 0);
    t.equal(sender.send(Buffer.from('second')), 0);
    t.strictSame(await receiver.next(), { pid: process.pid, data: bytes });
    t.equal((await receiver.next()).data.toString(), 'second');
    const opened = sockets().filter((fd) => !before.includes(fd));
    t.equal(opened.length, 1, 'one descriptor for all');
    t.notOk(isInherited(opened[0] ?? ''), 'which no program gets that we start');
    sender.close();
    t.strictSame(sockets(), before);
    await receiver.end();
  });
}

t.test('a receiver that does not read is not waited for', async (t) => {
  unlinkSync(path);
  const receiver = await receiverAt(t, path);
  await receiver.stop();
  const sender = await openDatagram(path);
  t.teardown(() => sender.close());
  let sent = 0;
  let errno = 0;
  for (; errno === 0 && sent < 100_000; sent += 1) errno = sender.send(Buffer.from(`datagram ${sent}`));
  t.equal(errno, EAGAIN, `after ${sent}`);
  await receiver.go();
  t.equal((await receiver.next()).data.toString(), 'datagram 0', 'what it took is not lost');
  await receiver.end();
});

t.test('what cannot be sent is an error number, and never thrown', async (t) => {
  const sender = await openDatagram(path);
  t.teardown(() => sender.close());
  t.equal(sender.send(Buffer.from('x')), ECONNREFUSED, 'the one who listened has gone');
  unlinkSync(path);
  t.equal(sender.send(Buffer.from('x')), ENOENT);
  const receiver = await receiverAt(t, path);
  t.equal(sender.send(Buffer.alloc(8 << 20)), EMSGSIZE);
  t.equal(sender.send(Buffer.from('found again')), 0);
  t.equal((await receiver.next()).data.toString(), 'found again');
  t.equal(sender.send(Buffer.alloc(0)), 0, 'an empty one is one');
  t.equal((await receiver.next()).data.length, 0);
});

t.test('an address that no socket can have', async (t) => {
  for (const address of [
    '',
    '/',
    '@',
    'relative',
    'vsock:2:5',
    `/${'x'.repeat(108)}`,
    '/a\0b',
    `@${'x'.repeat(108)}`,
  ]) {
    await t.rejects(openDatagram(address), { code: 'datagram.address', remedy: /108/ }, JSON.stringify(address));
  }
  (await openDatagram(`/${'x'.repeat(106)}`)).close();
  (await openDatagram(`@${'x'.repeat(107)}`)).close();
});
