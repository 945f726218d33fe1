import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { localSystem } from '../../../agent/system/local.ts';
import { runProgram } from '../../../agent/system/run.ts';

const run = (argv: readonly string[], options: Partial<Parameters<typeof runProgram>[1]> = {}) =>
  runProgram(argv, { timeoutMs: 60_000, ...options });
const sh = (script: string, options: Parameters<typeof run>[1] = {}) => run(['sh', '-c', script], options);

async function timed<T>(work: Promise<T>): Promise<{ result: T; tookMs: number }> {
  const startMs = performance.now();
  return { result: await work, tookMs: performance.now() - startMs };
}

t.test('gives both outputs as they are, and the exit code', async (t) => {
  t.strictSame(await sh('echo out; echo err >&2; exit 3'), {
    ended: 'exited',
    exitCode: 3,
    stdout: 'out\n',
    stderr: 'err\n',
  });
  t.strictSame(await run(['true']), { ended: 'exited', exitCode: 0, stdout: '', stderr: '' });
});

t.test('arguments are arguments, whatever is in them', async (t) => {
  const argv = ['a b', '$HOME', '`id`', '; echo x', '"', "'", '\\', '*', ''];
  t.equal((await run(['printf', '%s|', ...argv])).stdout, argv.map((each) => `${each}|`).join(''));
});

t.test('input is given and ended; without any there is none', async (t) => {
  t.equal((await run(['cat'], { input: 'räksmörgås\n' })).stdout, 'räksmörgås\n');
  t.match(await run(['cat']), { ended: 'exited', stdout: '' });
});

t.test('the environment is clean: nothing of ours, no proxy with its password', async (t) => {
  Object.assign(process.env, { HTTPS_PROXY: 'http://u:hunter2@proxy:1', QUIESCED_UNIT: 'hunter2', HOME: '/hunter2' });
  t.teardown(() => {
    for (const name of ['HTTPS_PROXY', 'QUIESCED_UNIT']) delete process.env[name];
  });
  const { stdout } = await run(['env'], { env: { EXTRA: 'x', LANG: 'C' } });
  // What observes the tests adds variables of its own.
  t.notMatch(stdout, /hunter2/);
  t.notMatch(stdout, /^(HTTPS_PROXY|QUIESCED_UNIT|HOME|USER|NODE_PATH)=/m);
  t.match(stdout, /^PATH=\/usr\/local\/sbin:/m);
  t.match(stdout, /^EXTRA=x$/m);
  t.match(stdout, /^LANG=C$/m, 'what is added counts');
  t.equal((await run(['pwd'])).stdout, '/\n', 'and it holds no folder of ours');
});

t.test('ended by a signal', async (t) => {
  t.match(await sh('kill -9 $$'), { ended: 'signalled', exitCode: undefined });
});

t.test('one that is not there, or is no program', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'file');
  writeFileSync(file, 'text');
  t.match(await run(['quiesced-no-such-program']), { ended: 'not-found', exitCode: undefined, stdout: '' });
  t.match(await run([join(folder, 'absent')]), { ended: 'not-found' });
  t.match(await run([file]), { ended: 'not-started' }, 'not executable');
  chmodSync(file, 0o755);
  t.match(await run([folder]), { ended: 'not-started' }, 'a folder');
  await t.rejects(run([]), /empty argv/);
});

t.test('one that takes too long is killed, and what it said until then is kept', async (t) => {
  const { result, tookMs } = await timed(sh('echo early; exec sleep 60', { timeoutMs: 3000 }));
  t.match(result, { ended: 'timed-out', exitCode: undefined, stdout: 'early\n' });
  t.ok(tookMs < 30_000, `${tookMs} ms`);
});

t.test('one that takes no notice of SIGTERM is killed too', async (t) => {
  const { result, tookMs } = await timed(sh('trap "" TERM; while :; do sleep 0.1; done', { timeoutMs: 150 }));
  t.equal(result.ended, 'timed-out');
  t.ok(tookMs < 30_000, `${tookMs} ms`);
});

t.test('a child that keeps the output open is not waited for beyond the deadline', async (t) => {
  const { result, tookMs } = await timed(sh('sleep 15 & echo done', { timeoutMs: 200 }));
  t.equal(result.ended, 'timed-out');
  t.ok(tookMs < 12_000, `${tookMs} ms`);
});

t.test('an output without end does not make us grow', async (t) => {
  const { result, tookMs } = await timed(run(['head', '-c', '30000000', '/dev/zero'], { timeoutMs: 40_000 }));
  t.ok(result.stdout.length <= 1024 * 1024, `${result.stdout.length} characters were kept`);
  t.ok(result.stdout.length > 0);
  t.ok(tookMs < 30_000);
  const errors = await sh('head -c 3000000 /dev/zero >&2', { timeoutMs: 40_000 });
  t.ok(errors.stderr.length <= 1024 * 1024);
});

t.test('given up from outside', async (t) => {
  const end = new AbortController();
  setTimeout(() => end.abort(), 100);
  const { result, tookMs } = await timed(run(['sleep', '60'], { signal: end.signal }));
  t.not(result.ended, 'exited');
  t.equal(result.exitCode, undefined);
  t.ok(tookMs < 30_000, `${tookMs} ms`);
});

t.test('the system runs programs so', async (t) => {
  t.match(await localSystem({ env: {} }).run(['echo', 'x'], { timeoutMs: 60_000 }), { ended: 'exited', stdout: 'x\n' });
});
