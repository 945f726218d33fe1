import {
  closeSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { errnoOf, messageOf, UserError } from '../errors.ts';
import { syncFolder } from '../system/atomic.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';

/** Paths within the archive, and what stands in each. */
export type Files = readonly { readonly name: string; readonly text: string }[];

const TAR_MS = 60_000;
const REMOVE_MS = 5000;

/** An archive that is begun: the place is taken and known to be writable, before any work is done for it. */
export interface Archive {
  /** Packs the files below a folder of this name, and gives the archive its own; its size in bytes. */
  finish(folder: string, files: Files): Promise<number>;
  /** Leaves nothing else behind. The last call, after `finish`, too. */
  discard(): Promise<void>;
}

/**
 * Begins `path`, NAME.tar.gz, for root's eyes only. An existing file is never replaced. Throws a `UserError`:
 * `support.exists`, or `support.unwritable` for what the folder or the disk does not allow.
 */
export function beginArchive(system: System, path: string): Archive {
  const target = system.resolve(path);
  const partial = join(dirname(target), `.${basename(target)}.${process.pid}.partial`);
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) throw exists(path);
  const fd = attempt(path, () => openSync(partial, 'wx', 0o600));
  let stage: string | undefined;
  return {
    async finish(folder, files) {
      stage = attempt(path, () => stageFiles(system, folder, files));
      // By our descriptor: in a folder where others may write, the name may be another file's by now.
      const into = ['--file', `/proc/${process.pid}/fd/${fd}`, '--owner=0', '--group=0'];
      const argv = ['tar', '--create', '--gzip', ...into, '--directory', stage, folder];
      const { ended, exitCode, stderr } = await system.run(argv, { timeoutMs: TAR_MS });
      if (ended !== 'exited' || exitCode !== 0) throw unwritable(path, stderr.trim() || `tar: ${ended}`);
      return attempt(path, () => publish(fd, partial, target, path));
    },
    async discard() {
      closeSync(fd);
      // By a program: should somebody have frozen the disk meanwhile, it waits in our place.
      const left = [partial, stage].filter((one) => one !== undefined);
      await system.run(['rm', '-rf', '--', ...left], { timeoutMs: REMOVE_MS });
    },
  };
}

/** On /run, which is memory: the disk is written to once, and with nothing but the archive. */
function stageFiles(system: System, folder: string, files: Files): string {
  const runtime = system.resolve(PATHS[system.platform].runtime);
  mkdirSync(runtime, { recursive: true, mode: 0o755 });
  const stage = mkdtempSync(join(runtime, 'support-'));
  try {
    for (const { name, text } of files) {
      const file = join(stage, folder, name);
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
      writeFileSync(file, text, { mode: 0o600 });
    }
  } catch (error) {
    rmSync(stage, { recursive: true, force: true });
    throw error;
  }
  return stage;
}

/** A link, unlike a rename, does not replace what somebody put there meanwhile; some file systems have none (vfat). */
function publish(fd: number, partial: string, target: string, path: string): number {
  fsyncSync(fd);
  try {
    linkSync(partial, target);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') throw exists(path);
    if (!['EPERM', 'EOPNOTSUPP', 'ENOSYS'].includes(errnoOf(error) ?? '')) throw error;
    renameSync(partial, target);
  }
  syncFolder(dirname(target));
  return fstatSync(fd).size;
}

function attempt<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw unwritable(path, messageOf(error), error);
  }
}

const unwritable = (path: string, why: string, cause?: unknown): UserError =>
  new UserError('support.unwritable', `${path} could not be written: ${why}`, {
    remedy: 'Name another place: quiesced support-bundle --output FILE',
    cause,
  });

const exists = (path: string): UserError =>
  new UserError('support.exists', `${path} is there already, and is not replaced`, {
    remedy: 'Remove it, or name another file: quiesced support-bundle --output FILE',
  });
