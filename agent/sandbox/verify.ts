import { join } from 'node:path';
import { readBytes } from '../system/bytes.ts';
import type { RunResult, System } from '../system/system.ts';
import { type CopyCheck, type CopyCheckId, type Expectation, judgeContents } from './contents.ts';
import { CHECK_FOLDER, type Sandbox, type SandboxFileSystem, type SandboxType } from './images.ts';
import { attachedBelow, mountImage, mountsBelow, unmountImages } from './loops.ts';
import { JOURNAL_FILE, PROBE_FILE } from './record.ts';

/** What was found out about one copy. */
export interface CopyReport {
  readonly type: SandboxType;
  readonly ok: boolean;
  readonly checks: readonly CopyCheck[];
}

const PROGRAM_MS = 60_000;

/**
 * Examines the copies, one after another. The originals must be unmounted (`unmountSandbox`): a copy has the UUID of its
 * original, and btrfs takes two devices with one UUID for the same file system. Throws only for what is no fault of a
 * copy: an original that is still there, or an abort.
 */
export async function verifyCopies(
  system: System,
  sandbox: Sandbox,
  expectations: ReadonlyMap<SandboxFileSystem, Expectation>,
  signal: AbortSignal,
): Promise<readonly CopyReport[]> {
  const [attached] = await attachedBelow(system, sandbox.folder);
  if (attached !== undefined) throw new Error(`an image of the sandbox is still in use: ${attached}`);
  const reports: CopyReport[] = [];
  for (const [fileSystem, expected] of expectations) {
    const checks = await EXAMINE[fileSystem.type](examination(system, sandbox, fileSystem, expected, signal));
    signal.throwIfAborted();
    reports.push({ type: fileSystem.type, ok: checks.every(({ ok }) => ok), checks });
  }
  return reports;
}

/** The steps that the file systems have in common. */
interface Examination {
  /** Runs a program to which the copy is added. */
  run(...argv: readonly string[]): Promise<RunResult>;
  /** A check that is passed when the program exits with 0. */
  check(what: CopyCheckId, ...argv: readonly string[]): Promise<CopyCheck>;
  /** Mounts the copy and judges its contents. */
  contents(options?: string): Promise<readonly CopyCheck[]>;
}

const EXAMINE: Readonly<Record<SandboxType, (copy: Examination) => Promise<readonly CopyCheck[]>>> = {
  /** A frozen ext4 has an empty journal: jbd2_journal_flush, and the flag is cleared (ext4_freeze). */
  async ext4(copy) {
    const fileSystem = await copy.check('file-system', 'e2fsck', '-fn');
    const { exitCode, stdout } = await copy.run('dumpe2fs', '-h');
    const ok = exitCode === 0 && !/^Filesystem features:.*\bneeds_recovery\b/m.test(stdout);
    const recovery: CopyCheck = { what: 'recovery', ok, detail: ok ? 'none needed' : 'the journal must be replayed' };
    // Where recovery is needed after all it may run: the contents are judged as a restored machine would see them.
    return [fileSystem, recovery, ...(await copy.contents(ok ? 'ro' : undefined))];
  },

  /**
   * A frozen xfs has a log with one record, on purpose: recovery shall run and free unlinked inodes (xfs_fs_freeze).
   * xfs_repair refuses such a log, and mounting empties it.
   */
  async xfs(copy) {
    const contents = await copy.contents('nouuid');
    return [await copy.check('file-system', 'xfs_repair', '-n'), ...contents];
  },

  /** A frozen btrfs has committed its transaction, which drops the log tree: btrfs_freeze. */
  async btrfs(copy) {
    const fileSystem = await copy.check('file-system', 'btrfs', 'check', '--readonly');
    const { exitCode, stdout } = await copy.run('btrfs', 'inspect-internal', 'dump-super');
    const ok = exitCode === 0 && /^log_root\s+0$/m.test(stdout);
    const recovery: CopyCheck = { what: 'recovery', ok, detail: ok ? 'none needed' : 'a log tree must be replayed' };
    return [fileSystem, recovery, ...(await copy.contents(ok ? 'ro' : undefined))];
  },
};

function examination(
  system: System,
  sandbox: Sandbox,
  { type, copy, device }: SandboxFileSystem,
  expected: Expectation,
  signal: AbortSignal,
): Examination {
  const mountPoint = join(sandbox.folder, CHECK_FOLDER);
  const run = (...argv: readonly string[]) => system.run([...argv, copy], { timeoutMs: PROGRAM_MS, signal });

  return {
    run,
    async check(what, ...argv) {
      const { ended, exitCode, stdout, stderr } = await run(...argv);
      const said = exitCode === 0 ? 'clean' : `${exitCode ?? ended}: ${lastLines(stdout + stderr)}`;
      return { what, ok: exitCode === 0, detail: `${argv.join(' ')}: ${said}` };
    },
    async contents(options) {
      if (type === 'btrfs') await forgetDevice(system, device);
      const image = { type, image: copy, mountPoint, ...(options === undefined ? {} : { options }) };
      const { error } = await mountImage(system, image, signal);
      if (error !== undefined) return [{ what: 'file-system', ok: false, detail: `cannot be mounted: ${error}` }];
      const [mounted] = await mountsBelow(system, mountPoint);
      try {
        const journal = await readBytes(join(mountPoint, JOURNAL_FILE));
        const probe = await readBytes(join(mountPoint, PROBE_FILE));
        return judgeContents(journal ?? Buffer.alloc(0), probe ?? Buffer.alloc(0), expected);
      } finally {
        await unmountImages(system, sandbox.folder);
        if (type === 'btrfs' && mounted !== undefined) await forgetDevice(system, mounted.device);
      }
    },
  };
}

/**
 * Makes the kernel forget a device whose btrfs is unmounted. It remembers them by UUID, and refuses a copy that is older
 * than what it remembers. Without a device it would forget those of the whole machine; an error says it knew none.
 */
async function forgetDevice(system: System, device: string): Promise<void> {
  await system.run(['btrfs', 'device', 'scan', '--forget', device], { timeoutMs: PROGRAM_MS });
}

const lastLines = (text: string): string => text.trim().split('\n').slice(-3).join(' ⏎ ').slice(-300);
