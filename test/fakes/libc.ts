import { EBUSY, EINVAL, type Errno, type Libc } from '../../agent/system/native.ts';

type Call = 'freeze' | 'thaw' | 'syncfs';

/** A kernel in which nothing is frozen but a set of numbers, and whose every call a test can bend. */
export interface FakeLibc extends Libc {
  /** `freeze 7`, in the order in which the calls were made. */
  readonly calls: readonly string[];
  /** `froze 7` and `thawed 7`, in the order in which it happened. */
  readonly effects: readonly string[];
  readonly frozen: ReadonlySet<number>;
  /** The next such call fails, or throws, and has no effect. */
  fail(call: Call, fd: number, how: Errno | Error): void;
  /** The next such call hangs in the kernel until what is returned is called; an error number then has no effect. */
  hang(call: Call, fd: number): (errno?: Errno) => void;
  freezeByOthers(fd: number): void;
  thawByOthers(fd: number): void;
  /** What `lockRecord` answers. */
  recordLock: { readonly errno: Errno; readonly holder: number | undefined };
}

type Answer = Promise<Errno>;

const NAMES: Readonly<Record<Errno, string>> = { 5: 'EIO', 11: 'EAGAIN', 13: 'EACCES', 16: 'EBUSY', 22: 'EINVAL' };

export function fakeLibc(): FakeLibc {
  const calls: string[] = [];
  const effects: string[] = [];
  const frozen = new Set<number>();
  const bent = new Map<string, (() => Answer)[]>();

  const bend = (call: Call, fd: number, answer: () => Answer) => {
    const name = `${call} ${fd}`;
    bent.set(name, [...(bent.get(name) ?? []), answer]);
  };
  const invoke = async (call: Call, fd: number): Promise<Errno> => {
    calls.push(`${call} ${fd}`);
    const answer = bent.get(`${call} ${fd}`)?.shift();
    if (answer === undefined) await new Promise(setImmediate);
    const errno = answer === undefined ? 0 : await answer();
    return errno === 0 ? effect(call, fd) : errno;
  };
  const effect = (call: Call, fd: number): Errno => {
    if (call === 'syncfs') return 0;
    if (frozen.has(fd) === (call === 'freeze')) return call === 'freeze' ? EBUSY : EINVAL;
    if (call === 'freeze') frozen.add(fd);
    else frozen.delete(fd);
    effects.push(`${call === 'freeze' ? 'froze' : 'thawed'} ${fd}`);
    return 0;
  };

  return {
    calls,
    effects,
    frozen,
    recordLock: { errno: 0, holder: undefined },
    freeze: (fd) => invoke('freeze', fd),
    thaw: (fd) => invoke('thaw', fd),
    syncfs: (fd) => invoke('syncfs', fd),
    fail: (call, fd, how) => bend(call, fd, () => (how instanceof Error ? Promise.reject(how) : Promise.resolve(how))),
    hang: (call, fd) => {
      const { promise, resolve } = Promise.withResolvers<Errno>();
      bend(call, fd, () => promise);
      return (errno = 0) => resolve(errno);
    },
    freezeByOthers: (fd) => frozen.add(fd),
    thawByOthers: (fd) => frozen.delete(fd),
    lockFile: () => 0,
    lockRecord(this: FakeLibc) {
      return this.recordLock;
    },
    errorName: (errno) => NAMES[errno] ?? `error ${errno}`,
  };
}
