import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { isStopped } from '../system/fault-processes.ts';
import { until } from '../system/loop-observe.ts';

const MODULE = join(import.meta.dirname, '../../agent/fault-point.ts');
const PASS_TWICE = `
  import { faultPoint, faultPointSync } from ${JSON.stringify(MODULE)};
  for (const pass of [1, 2]) {
    await faultPoint('room.step.before');
    try {
      faultPointSync('room.step.after');
    } catch (error) {
      console.log(pass, error.code, error.message);
    }
  }
  console.log('done');
`;
const argv = ['--input-type=module-typescript', '-e', PASS_TWICE];

const envOf = (folder: string, fault: string, more: Record<string, string> = { QUIESCED_TEST: '1' }) => ({
  ...more,
  QUIESCED_TEST_FAULT: fault,
  QUIESCED_TEST_FAULT_REACHED: join(folder, 'reached'),
});
const run = (env: Record<string, string>) =>
  spawnSync(process.execPath, argv, { env, encoding: 'utf8', timeout: 60_000 });

t.test('nothing happens unless a test says so', async (t) => {
  const folder = t.testdir();
  t.match(run(envOf(folder, 'room.step.after=EIO', {})), { status: 0, stdout: 'done\n' });
  t.match(run({ QUIESCED_TEST: '1' }), { status: 0, stdout: 'done\n' });
  t.match(run(envOf(folder, 'room.other.after=EIO')), { status: 0, stdout: 'done\n' });
});

t.test('a point fails as it is told, once for all that inherit it', async (t) => {
  const env = envOf(t.testdir(), 'room.step.after=ENOSPC');
  t.match(run(env).stdout, /^1 ENOSPC ENOSPC: planted at room.step.after\ndone\n$/);
  t.match(readFileSync(env.QUIESCED_TEST_FAULT_REACHED, 'utf8'), /^room\.step\.after#1 \d+ /);
  t.equal(run(env).stdout, 'done\n', 'the next process passes');
  t.match(run(envOf(t.testdir(), 'room.step.after=throw')).stdout, /^1 undefined a bug, planted at/);
  t.match(run(envOf(t.testdir(), 'room.step.after#2=EIO')).stdout, /^2 EIO/, 'at the second pass');
});

t.test('a trace notes every pass', async (t) => {
  const env = envOf(t.testdir(), 'trace');
  t.equal(run(env).stdout, 'done\n');
  const lines = readFileSync(env.QUIESCED_TEST_FAULT_REACHED, 'utf8').split('\n').slice(0, -1);
  t.strictSame(
    lines.map((line) => line.split(' ')[0]),
    ['room.step.before#1', 'room.step.after#1', 'room.step.before#2', 'room.step.after#2'],
  );
});

t.test('it stops itself, and goes on when it is continued', async (t) => {
  const env = envOf(t.testdir(), 'room.step.before=stop');
  const child = spawn(process.execPath, argv, { env, stdio: 'ignore' });
  t.teardown(() => child.kill('SIGKILL'));
  const ended = new Promise((resolve) => child.on('exit', resolve));
  t.ok(await until(() => isStopped(child.pid ?? -1), 60_000));
  child.kill('SIGCONT');
  t.equal(await ended, 0);
});

t.test('it ends itself at once', async (t) => {
  t.match(run(envOf(t.testdir(), 'room.step.after=kill')), { signal: 'SIGKILL', stdout: '' });
});

t.test('what hangs never comes back, with its thread or without', async (t) => {
  for (const point of ['room.step.before', 'room.step.after']) {
    const env = envOf(t.testdir(), `${point}=hang`);
    const child = spawn(process.execPath, argv, { env, stdio: 'ignore' });
    t.teardown(() => child.kill('SIGKILL'));
    let code: number | null | undefined;
    child.on('exit', (exit) => {
      code = exit;
    });
    t.ok(await until(() => existsSync(env.QUIESCED_TEST_FAULT_REACHED), 60_000), 'it has come there');
    // Node ends by itself, with 13, when nothing is left to wait for but a promise.
    const ends = point.endsWith('before');
    await until(() => code !== undefined, ends ? 60_000 : 1000);
    t.equal(code, ends ? 13 : undefined, point);
  }
});

t.test('what cannot be understood is told at once', async (t) => {
  for (const fault of ['room.step.after', 'room.step.after=sleep', 'EIO', '']) {
    t.match(run(envOf(t.testdir(), fault)).stderr, /arms no fault point/, fault);
  }
});
