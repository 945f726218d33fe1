import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { localSystem } from '../../agent/system/local.ts';
import type { RegistryValue } from '../../agent/system/registry.ts';
import type { Clock, Platform, RunOptions, RunResult, System } from '../../agent/system/system.ts';
import { fakeRegistry } from './registry.ts';

export interface FakeSystemOptions {
  /** Path to text; a value that starts with `-> ` makes a symbolic link. */
  readonly files?: Readonly<Record<string, string>>;
  /** Answers of programs, by the joined argv or by the program's name alone. Anything else is `not-found`. */
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  readonly platform?: Platform;
  /** The folder of a machine that another process has made; a new one when this is left out. */
  readonly root?: string;
  /** Values by their paths; of Windows, which has an empty one when this is left out. */
  readonly registry?: Readonly<Record<string, RegistryValue>>;
  readonly privileged?: boolean;
  readonly now?: Date;
}

export type FakeProgram =
  | Partial<RunResult>
  | ((argv: readonly string[], options: RunOptions) => Promise<Partial<RunResult>>);

export interface FakeSystem extends System {
  /** Every argv that was run, in order. */
  readonly ran: readonly (readonly string[])[];
  cleanUp(): void;
}

/** A machine made of a private folder and programmed programs: nothing is ever spawned. */
export function fakeSystem(options: FakeSystemOptions = {}): FakeSystem {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  plant(root, options.files ?? {});
  const ran: (readonly string[])[] = [];
  const clock: Clock = { monotonicMs: () => performance.now(), now: () => options.now ?? new Date() };
  return {
    ...localSystem({ root, live: false, env: {}, clock }),
    platform: options.platform ?? 'linux',
    ...(options.platform === 'windows' ? { registry: fakeRegistry(options.registry) } : {}),
    privileged: options.privileged ?? true,
    ran,
    async run(argv, runOptions) {
      ran.push(argv);
      const program = options.programs?.[argv.join(' ')] ?? options.programs?.[argv[0] ?? ''];
      const answer = typeof program === 'function' ? await program(argv, runOptions) : program;
      const missing: RunResult = { ended: 'not-found', exitCode: undefined, stdout: '', stderr: '' };
      return answer === undefined ? missing : { ended: 'exited', exitCode: 0, stdout: '', stderr: '', ...answer };
    },
    cleanUp: () => rmSync(root, { recursive: true, force: true }),
  };
}

function plant(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, text] of Object.entries(files)) {
    const target = join(root, path);
    mkdirSync(dirname(target), { recursive: true });
    if (text.startsWith('-> ')) symlinkSync(text.slice(3), target);
    else writeFileSync(target, text);
  }
}
