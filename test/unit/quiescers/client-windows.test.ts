/** The client of Windows and its feeder, which is this program again; run here, with the machine saying that it is one. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openClient } from '../../../agent/quiescers/client.ts';
import { localSystem } from '../../../agent/system/local.ts';
import type { System } from '../../../agent/system/system.ts';
import { descriptor, FULL, SOMEBODY, SYSTEM } from '../system/descriptors.ts';

const SELF = [process.execPath, join(import.meta.dirname, '../../../agent/main.ts')];
const LIMIT = AbortSignal.timeout(120_000);
const folder = mkdtempSync(join(tmpdir(), 'quiesced-client-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
t.setTimeout(180_000);

/** What was run to its end: taskkill, where something is not ended by the end of its input. */
const ran: (readonly string[])[] = [];
const windows: System = {
  ...localSystem(),
  platform: 'windows',
  env: {},
  async run(argv) {
    ran.push(argv);
    return { ended: 'exited', exitCode: 0, stdout: '', stderr: '' };
  },
};

/** A client that notes each line that it is given, and answers as told. */
async function open(body: string, options: { lifeMs?: number; farewell?: readonly string[] } = {}) {
  const log = join(folder, `${Math.random()}`);
  const program = `${log}.exe`;
  const script = `while IFS= read -r line; do echo "$line" >>${log}; ${body}; done; echo end >>${log}`;
  writeFileSync(program, `#!/bin/sh\n${script}\n`);
  chmodSync(program, 0o700);
  const env = { PASSWORD: 'secret' };
  const client = await openClient(windows, {
    argv: [program, '--x', '-y'],
    self: SELF,
    lifeMs: 60_000,
    env,
    ...options,
  });
  const told = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []);
  const ended = async () => {
    for (let count = 0; count < 3000 && !told().includes('end'); count += 1) await sleep(20);
    return told();
  };
  return { client, ended };
}

t.test('what is asked is answered, whatever ends its lines, and the end is an orderly one', async (t) => {
  const { client, ended } = await open('printf "got %s of $*, $PASSWORD\\r\\ndone\\r\\n" "$line"', {
    farewell: ['unlock'],
  });
  t.strictSame(await client.ask(['a'], (line) => line === 'done', LIMIT), ['got a of --x -y, secret', 'done']);
  await client.close();
  await client.close();
  t.strictSame(await ended(), ['a', 'end'], 'nothing more is said');
  t.strictSame(ran, [], 'nor is anybody killed whose number may be that of another by now');
});

t.test('when the time is up the farewell is said, and the client ends', async (t) => {
  const { ended } = await open(':', { lifeMs: 500, farewell: ['unlock', 'really'] });
  t.strictSame(await ended(), ['unlock', 'really', 'end']);
});

t.test('one that did not do as it was asked hears the farewell', async (t) => {
  const { client, ended } = await open('echo ok', { farewell: ['unlock'] });
  await client.ask(['hold'], (line) => line === 'ok', LIMIT);
  await client.leave();
  t.strictSame(await ended(), ['hold', 'unlock', 'end']);
});

t.test('one that does not end with its input is ended', async (t) => {
  const { client } = await open('exec /bin/sleep 300', { lifeMs: 300 });
  await t.rejects(
    client.ask(['x'], () => false, LIMIT),
    { message: /has ended/ },
  );
  await client.close();
});

t.test('its environment holds none of what is between us and its feeder', async (t) => {
  const { client } = await open('env | grep QUIESCED_[BF] ; echo done');
  t.strictSame(await client.ask(['x'], (line) => line === 'done', LIMIT), ['done']);
  await client.close();
});

t.test('its feeder is in no group of ours, with which Windows would end it', async (t) => {
  // proc_pid_stat(5): the group is the fifth field; that of the feeder is its own number.
  const { client } = await open('/usr/bin/cut -d" " -f5 /proc/$$/stat; echo $PPID; echo done');
  const [group, feeder] = await client.ask(['x'], (line) => line === 'done', LIMIT);
  t.equal(group, feeder);
  await client.close();
});

t.test('a client that ends is told with its complaint', async (t) => {
  const { client } = await open('echo "ERROR 1205: lock wait timeout" >&2; exit 1');
  await t.rejects(
    client.ask(['x'], () => false, LIMIT),
    { message: /has ended: ERROR 1205: lock wait timeout$/ },
  );
  await client.close();
});

t.test('one that cannot be started is told, too', async (t) => {
  const program = join(folder, 'broken.exe');
  writeFileSync(program, 'no program');
  const client = await openClient(windows, { argv: [program], self: SELF, lifeMs: 60_000 });
  await t.rejects(
    client.ask(['x'], () => false, LIMIT),
    { message: /broken\.exe cannot be run/ },
  );
  await client.close();
});

t.test('no client is run that is none, or that somebody else could exchange', async (t) => {
  const options = { self: SELF, lifeMs: 1000 };
  await t.rejects(openClient(windows, { argv: [join(folder, 'none.exe')], ...options }), {
    code: 'quiescer.no-client',
  });
  const text = join(folder, 'client.txt');
  writeFileSync(text, '');
  await t.rejects(openClient(windows, { argv: [text], ...options }), { code: 'quiescer.no-client' });
  const batch = join(folder, 'client.cmd');
  writeFileSync(batch, '');
  for (const word of ['%COMPUTERNAME%', 'a"&calc&"'])
    await t.rejects(openClient(windows, { argv: [batch, '--host', word], ...options }), {
      code: 'quiescer.no-client',
      message: /run by cmd\.exe/,
    });
  const open: System = {
    ...windows,
    stat: async () => ({ kind: 'file', mode: 0, uid: 0, gid: 0, sizeBytes: 1, modifiedMs: 0 }),
    readLink: async () => undefined,
    securityOf: async () => descriptor(SYSTEM, [{ who: SOMEBODY, rights: FULL }]),
  };
  for (const path of ['C:\\a\\psql.exe', 'c:/a/psql.exe', '\\\\server\\a\\psql.exe', '//server/a/psql.exe'])
    await t.rejects(
      openClient(open, { argv: [path], ...options }),
      {
        code: 'quiescer.unsafe',
        remedy: /C:\\Program Files/,
      },
      path,
    );
});
