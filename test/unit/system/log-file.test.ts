import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { createLog } from '../../../agent/log.ts';
import { openServiceLog } from '../../../agent/system/journald.ts';
import { localSystem } from '../../../agent/system/local.ts';
import { fakeSystem } from '../../fakes/system.ts';

const NOW = new Date('2030-01-02T03:04:05.678Z');

async function withoutJournald(t: { teardown(last: () => void): unknown }, files: Record<string, string> = {}) {
  const system = fakeSystem({ files, now: NOW });
  t.teardown(() => system.cleanUp());
  const stderr: string[] = [];
  const log = createLog('info', (await openServiceLog(system, (text) => stderr.push(text))).sink);
  return { log, stderr, path: join(system.root, 'var/log/quiesced/quiesced.log') };
}

t.test('without journald lines go to a file, each with its time, for root and its group', async (t) => {
  const { log, path, stderr } = await withoutJournald(t);
  log.info('one', { password: 'hunter2' });
  log.warn('two\nlines');
  const at = '2030-01-02T03:04:05.678Z';
  t.equal(readFileSync(path, 'utf8'), `${at} info  one password="[redacted]"\n${at} warn  two ⏎ lines\n`);
  t.equal(statSync(path).mode & 0o777, 0o640);
  t.equal(statSync(join(path, '..')).mode & 0o777, 0o750);
  t.strictSame(stderr, []);
});

t.test('what was there stays, and a file that was moved away begins anew', async (t) => {
  const { log, path } = await withoutJournald(t, { '/var/log/quiesced/quiesced.log': 'before\n' });
  log.info('one');
  t.match(readFileSync(path, 'utf8'), /^before\n.* one\n$/);
  rmSync(path);
  log.info('two');
  t.match(readFileSync(path, 'utf8'), / two\n$/);
});

t.test('it does not grow without bound', async (t) => {
  const { log, path } = await withoutJournald(t);
  for (const name of ['first', 'second']) {
    writeFileSync(path, `${name}\n`);
    truncateSync(path, 11 * 1024 * 1024);
    log.info(`after ${name}`);
    t.match(readFileSync(`${path}.1`, 'utf8').slice(0, 6), name.slice(0, 6));
    t.ok(statSync(path).size < 100);
  }
});

t.test('what cannot be written goes to stderr', async (t) => {
  const { log, path, stderr } = await withoutJournald(t, { '/var/log/quiesced': 'not a folder' });
  log.info('one');
  t.match(stderr, [/^2030.* one\n$/]);
  t.notOk(existsSync(path));
});

t.test('on a frozen file system nobody waits for the folder: lines go to stderr until it is thawed', async (t) => {
  const system = fakeSystem({ now: NOW });
  t.teardown(() => system.cleanUp());
  const thawed = Promise.withResolvers<void>();
  const stderr: string[] = [];
  const frozen = {
    ...system,
    makeDir: async (path: string, mode: number) => {
      await thawed.promise;
      await system.makeDir(path, mode);
    },
  };
  const path = join(system.root, 'var/log/quiesced/quiesced.log');
  const log = createLog('info', (await openServiceLog(frozen, (text) => stderr.push(text))).sink);
  log.info('one');
  t.match(stderr, [/ one\n$/]);
  t.notOk(existsSync(path));
  thawed.resolve();
  while (!existsSync(path)) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    log.info('two');
  }
  t.match(readFileSync(path, 'utf8'), / two\n$/);
});

t.test('a test that has no root of its own writes nothing', async (t) => {
  const stderr: string[] = [];
  const system = { ...localSystem({ env: { QUIESCED_TEST: '1' } }), stat: async () => undefined };
  createLog('info', (await openServiceLog(system, (text) => stderr.push(text))).sink).info('one');
  t.equal(stderr.length, 1);
});
