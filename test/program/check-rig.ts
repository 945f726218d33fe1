import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { COMPILED } from '../compiled.ts';

export const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const LIMIT_MS = 60_000;

export const STATUS = '/run/quiesced/status.json';
/** Fails as long as the script that is configured does not exist, on every machine. */
export const BROKEN = '[scripts]\npre = /etc/quiesced/gone\n';
export const BROKEN_ID = 'app.script-config';

const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': true } });
for (const name of [
  'report',
  'checks',
  'health',
  'status-file',
  'notice',
  'integration',
  'support-bundle',
  'proxy',
  'proxy-change',
  'proxy-test',
  'repair',
  'repairs',
  'error',
]) {
  const file = join(import.meta.dirname, `../../docs/schema/${name}.schema.json`);
  ajv.addSchema(JSON.parse(readFileSync(file, 'utf8')));
}

export function conforms(t: Test, name: string, value: unknown): void {
  const validate = ajv.getSchema(`${name}.schema.json`);
  t.ok(validate?.(value), `the JSON is as ${name}.schema.json says`, { errors: validate?.errors, value });
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** What was printed on standard output, when it is JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into it by matching
  readonly json: any;
}

/** A private root on the running kernel, and the real program in it. */
export interface Rig {
  readonly root: string;
  run(...args: readonly string[]): Promise<Ended>;
  /** The same as nobody: no user, no group, no rights. */
  runAsNobody(...args: readonly string[]): Promise<Ended>;
  /** As nobody, both outputs at a terminal. */
  runAtTerminal(...args: readonly string[]): Promise<Ended>;
  put(path: string, text: string, mode?: number): string;
  /** Empty when there is none. */
  read(path: string): string;
  mode(path: string): number | undefined;
}

/** Why these tests cannot run here; false when they can. */
export const whyNot = (): string | false =>
  process.platform !== 'linux' || process.geteuid?.() !== 0 ? 'needs root on Linux' : false;

const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

export function checkTest(title: string, body: (t: Test, rig: Rig) => Promise<void>, main = MAIN): void {
  t.test(title, { skip: whyNot(), timeout: 4 * LIMIT_MS }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), 'quiesced-check-'));
    chmodSync(root, 0o755);
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    await body(t, rigIn(root, main));
  });
}

function rigIn(root: string, main: string): Rig {
  // By env(1), because the test runner adds to the environment of what is started.
  const cached = `NODE_COMPILE_CACHE=${COMPILED}`;
  const confined = ['env', '-i', `PATH=${process.env.PATH}`, cached, 'QUIESCED_TEST=1', `QUIESCED_TEST_ROOT=${root}`];
  const program = [...confined, process.execPath, main];
  const start = ([file = '', ...args]: readonly string[]) => {
    const child = spawn(file, args, { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'], timeout: LIMIT_MS });
    return { child, ended: endOf(child) };
  };
  return {
    root,
    run: (...args) => start([...program, ...args]).ended,
    runAsNobody: (...args) => start([...NOBODY, ...program, ...args]).ended,
    runAtTerminal: (...args) =>
      start(['script', '-qec', [...NOBODY, ...program, ...args].join(' '), '/dev/null']).ended,
    put(path, text, mode = 0o644) {
      const file = join(root, path);
      mkdirSync(dirname(file), { recursive: true, mode: 0o755 });
      writeFileSync(file, text);
      chmodSync(file, mode);
      return file;
    },
    read: (path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : ''),
    mode: (path) => {
      const found = statSync(join(root, path), { throwIfNoEntry: false });
      return found && found.mode & 0o7777;
    },
  };
}

function endOf(child: ChildProcess): Promise<Ended> {
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (chunk: string) => {
      texts[name] += chunk;
    });
  }
  const { promise, resolve } = Promise.withResolvers<Ended>();
  child.on('error', (error) => resolve({ code: null, stdout: '', stderr: String(error), json: undefined }));
  child.on('close', (code) => resolve({ code, ...texts, json: parsed(texts.stdout) }));
  return promise;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
