import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { openClient } from '../../../agent/quiescers/client.ts';
import { query } from '../../../agent/quiescers/sql.ts';
import { localSystem } from '../../../agent/system/local.ts';

const LIMIT = AbortSignal.timeout(180_000);
const folder = mkdtempSync(join(tmpdir(), 'quiesced-client-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));

/** A client that notes each line that it is given, and answers as told. */
const open = (body: string, options: { lifeMs?: number; farewell?: readonly string[] } = {}) => {
  const log = join(folder, `${Math.random()}`);
  const script = `while IFS= read -r line; do echo "$line" >>${log}; ${body}; done; echo end >>${log}`;
  const told = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []);
  return openClient(localSystem(), { argv: ['/bin/sh', '-c', script], self: [], lifeMs: 60_000, ...options }).then(
    (client) => ({
      client,
      told,
    }),
  );
};
const eventually = async (isSo: () => boolean) => {
  for (let count = 0; count < 1500 && !isSo(); count += 1) await sleep(20);
  return isSo();
};

t.test('what is asked is answered up to the last line', async (t) => {
  const { client } = await open('echo "got $line"; echo done');
  t.strictSame(await client.ask(['a'], (line) => line === 'done', LIMIT), ['got a', 'done']);
  t.strictSame(await client.ask(['b', 'c'], (line) => line === 'got c', LIMIT), ['got b', 'done', 'got c']);
  await client.close();
  await client.close();
});

t.test('rows and columns, as a client of SQL prints them', async (t) => {
  const text = `line=\${line#*\\'}; echo "\${line%%\\'*}"`;
  const { client } = await open(`case $line in "SELECT '"*) ${text} ;; *) printf '1\\tone\\n2\\ttwo\\n' ;; esac`);
  t.strictSame(await query(client, 'SELECT n, name FROM numbers', LIMIT), [
    ['1', 'one'],
    ['2', 'two'],
  ]);
  await client.close();
});

t.test('a client that ends is told with its complaint, and without what it has answered', async (t) => {
  const { client } = await open('echo an answer; echo "ERROR 1205: lock wait timeout" >&2; exit 1');
  await t.rejects(
    client.ask(['x'], () => false, LIMIT),
    { message: '/bin/sh has ended: ERROR 1205: lock wait timeout' },
  );
  await client.close();
});

t.test('a client that is not there', async (t) => {
  await t.rejects(openClient(localSystem(), { argv: ['no-such-client'], self: [], lifeMs: 1000 }), {
    code: 'quiescer.no-client',
  });
});

t.test('root runs no client that somebody else could exchange', async (t) => {
  const script = join(folder, 'client.sh');
  writeFileSync(script, '#!/bin/sh\n', { mode: 0o777 });
  chmodSync(script, 0o777);
  await t.rejects(openClient(localSystem(), { argv: [script], self: [], lifeMs: 1000 }), { code: 'quiescer.unsafe' });
});

t.test('one that says nothing is waited for as long as the signal allows', async (t) => {
  const { client } = await open(':');
  await t.rejects(client.ask(['x'], () => false, AbortSignal.timeout(50)));
  await client.close();
});

t.test('when the time is up the farewell is said, and the client ends', async (t) => {
  const { told } = await open(':', { lifeMs: 300, farewell: ['unlock', 'really'] });
  t.ok(await eventually(() => told().includes('end')));
  t.strictSame(told(), ['unlock', 'really', 'end']);
});

t.test('after an orderly end nothing more is said', async (t) => {
  const { client, told } = await open('echo ok', { farewell: ['unlock'] });
  await client.ask(['release'], (line) => line === 'ok', LIMIT);
  await client.close();
  t.notOk(told().includes('unlock'));
});

t.test('one that did not do as it was asked hears the farewell', async (t) => {
  const { client, told } = await open(':', { farewell: ['unlock'] });
  await t.rejects(client.ask(['release'], () => false, AbortSignal.timeout(50)));
  await client.leave();
  t.ok(told().includes('unlock'));
});

t.test('its environment holds what it needs, and none of ours', async (t) => {
  const { client } = await open('env | cut -d= -f1 | grep QUIESCED_ ; echo done');
  const names = await client.ask(['x'], (line) => line === 'done', LIMIT);
  t.strictSame(
    names.filter((name) => /BYE|FAREWELL/.test(name)),
    [],
  );
  await client.close();
});
