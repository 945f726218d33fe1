import { posix } from 'node:path';
import type { Clock, FileStat, RunResult, System } from '../../agent/system/system.ts';
import type { FakeProgram } from '../fakes/system.ts';

/** A machine that is made of texts alone, for a hundred thousand of them: nothing is written, opened or spawned. */
export interface MemoryMachine {
  /** Path to text; a value that starts with `-> ` is a symbolic link, one that ends a folder with `/` makes it empty. */
  readonly files: ReadonlyMap<string, string>;
  readonly programs?: Readonly<Record<string, FakeProgram>>;
  readonly modes?: Readonly<Record<string, number>>;
  /** Called with the path of each file that is read, and with the name of each program that is run. */
  onUse?(what: string): void;
}

const MAX_LINKS = 40;
const MAX_NAME = 255;
const MAX_PATH = 4096;
const clock: Clock = { monotonicMs: () => performance.now(), now: () => new Date() };
const MISSING: RunResult = { ended: 'not-found', exitCode: undefined, stdout: '', stderr: '' };

export function memorySystem({ files, programs = {}, modes = {}, onUse }: MemoryMachine): System {
  const written = new Map(files);
  const folders = foldersOf(files.keys());
  const place = (path: string): string => {
    if (path.includes('\0')) throw new TypeError(`a path with a NUL: ${JSON.stringify(path)}`);
    return resolveLinks(path, files);
  };
  const isTooLong = (path: string): boolean =>
    Buffer.byteLength(path) >= MAX_PATH || path.split('/').some((name) => Buffer.byteLength(name) > MAX_NAME);
  const stat = (path: string): FileStat | undefined => {
    if (isTooLong(path)) return undefined;
    const here = place(path);
    const text = written.get(here);
    if (text === undefined && !folders.has(here)) return undefined;
    const kind = text === undefined ? 'directory' : 'file';
    const mode = modes[here] ?? (kind === 'file' ? 0o644 : 0o755);
    return { kind, mode, uid: 0, gid: 0, sizeBytes: Buffer.byteLength(text ?? ''), modifiedMs: Date.now() - 1000 };
  };
  return {
    platform: 'linux',
    root: '/',
    live: true,
    privileged: true,
    env: { QUIESCED_TEST: '1' },
    clock,
    // What reads past this system finds nothing there.
    resolve: (path) => `/nowhere${path}`,
    readText: async (path) => {
      if (isTooLong(path)) return undefined;
      const here = place(path);
      onUse?.(here);
      return written.get(here);
    },
    list: async (path) => (isTooLong(path) ? undefined : [...(folders.get(place(path)) ?? [])].sort()),
    stat: async (path) => stat(path),
    readLink: async (path) =>
      isTooLong(path) ? undefined : linkAt(`${place(posix.dirname(path))}/${posix.basename(path)}`, files),
    write: async (path, text) => void written.set(place(path), text),
    makeDir: async () => undefined,
    remove: async (path) => void written.delete(place(path)),
    removeDir: async () => undefined,
    async run(argv, options) {
      const name = argv[0] ?? '';
      onUse?.(name);
      const program = programs[argv.join(' ')] ?? programs[name];
      const answer = typeof program === 'function' ? await program(argv, options) : program;
      return answer === undefined ? MISSING : { ended: 'exited', exitCode: 0, stdout: '', stderr: '', ...answer };
    },
  };
}

const linkAt = (path: string, files: ReadonlyMap<string, string>): string | undefined => {
  const text = files.get(path.replace(/^\/\//, '/'));
  return text?.startsWith('-> ') ? text.slice(3) : undefined;
};

/** Names in each folder, by its path. */
function foldersOf(paths: Iterable<string>): ReadonlyMap<string, ReadonlySet<string>> {
  const folders = new Map<string, Set<string>>();
  for (const path of paths) {
    for (let here = path; here !== '/'; here = posix.dirname(here)) {
      const above = posix.dirname(here);
      const names = folders.get(above) ?? new Set();
      if (here !== path || !path.endsWith('/')) names.add(posix.basename(here));
      folders.set(above, names);
    }
  }
  return folders;
}

/** Follows the links of every part of the way, as the kernel does. */
function resolveLinks(path: string, files: ReadonlyMap<string, string>): string {
  const todo = path.split('/').filter((part) => part !== '' && part !== '.');
  const done: string[] = [];
  for (let links = 0; todo.length > 0; ) {
    const part = todo.shift() as string;
    if (part === '..') {
      done.pop();
      continue;
    }
    const target = linkAt(`/${[...done, part].join('/')}`, files);
    if (target === undefined || links >= MAX_LINKS) done.push(part);
    else {
      links += 1;
      if (target.startsWith('/')) done.length = 0;
      todo.unshift(...target.split('/').filter((piece) => piece !== '' && piece !== '.'));
    }
  }
  return `/${done.join('/')}`;
}
