import { mkdirSync, readdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { errnoOf } from '../errors.ts';
import type { System } from './system.ts';

const PREFIX = 'quiesced-';

/** An empty group older than this is a leftover; a younger one may be waiting for its first process. */
const STALE_MS = 60_000;

/** A control group for one program: whoever the program starts is in it, wherever it moved its session or parent. */
export interface Cgroup {
  /** The file to write a process id into, to move that process here. */
  readonly procsFile: string;
  pids(): readonly number[];
  /** SIGKILL for all at once where the kernel can (cgroup v2, Linux 5.14); else for each that is there now. */
  killAll(): void;
  /** Removes the group once it is empty; otherwise a later program's start does. */
  remove(): void;
}

/**
 * Makes a group below our own, which is where systemd lets a service make one. Undefined where that cannot be done
 * (no cgroups, no right to), so that the caller finds the processes in another way.
 */
export async function createCgroup(system: System, id: string): Promise<Cgroup | undefined> {
  if (system.platform !== 'linux' || !system.live) return undefined;
  const own = await system.readText('/proc/self/cgroup');
  const mounts = await system.readText('/proc/self/mountinfo');
  for (const parent of ownCgroups(own ?? '', mounts ?? '')) {
    sweep(parent, system.clock.now().getTime());
    const folder = join(parent, `${PREFIX}${id}`);
    if (made(folder)) return cgroupAt(folder);
  }
  return undefined;
}

/**
 * Who is in the group of that name, wherever it is: another process made it, below its own group and not below ours.
 * cgroups(7): /proc/PID/cgroup names the group of a process in each hierarchy.
 */
export function pidsInCgroup(system: System, id: string): readonly number[] {
  const name = `${PREFIX}${id}`;
  const pids: number[] = [];
  attempt(() => {
    for (const pid of readdirSync(system.resolve('/proc')).filter((entry) => /^\d+$/.test(entry))) {
      attempt(() => {
        const groups = readFileSync(system.resolve(`/proc/${pid}/cgroup`), 'utf8');
        if (groups.split(/[\n/]/).includes(name)) pids.push(Number(pid));
      });
    }
  });
  return pids;
}

/**
 * Our own groups, in the order in which they serve: the unified hierarchy, then those of version 1 whose children
 * need no setting up before a process may enter. cgroups(7): `/proc/self/cgroup` names the group as seen from the
 * hierarchy's root, of which a mount may show a part only (the 4th field of mountinfo).
 */
export function ownCgroups(selfCgroup: string, mountinfo: string): readonly string[] {
  const mounts = mountinfo.split('\n').flatMap(cgroupMount);
  return ['', 'freezer', 'pids'].flatMap((controller) => {
    const path = groupOf(selfCgroup, controller);
    const mount = mounts.find(({ controllers }) => controllers.includes(controller));
    if (path === undefined || mount === undefined || !isBelow(path, mount.root)) return [];
    return [posix.resolve(mount.point, `./${path.slice(mount.root.length)}`)];
  });
}

const isBelow = (path: string, folder: string): boolean =>
  folder === '/' || path === folder || path.startsWith(`${folder}/`);

const groupOf = (selfCgroup: string, controller: string): string | undefined =>
  selfCgroup
    .split('\n')
    .map((line) => /^\d+:([^:]*):(\/.*)$/.exec(line))
    .find((match) => match?.[1]?.split(',').includes(controller))?.[2];

interface CgroupMount {
  readonly root: string;
  readonly point: string;
  /** The unified hierarchy has one with an empty name, as in /proc/self/cgroup. */
  readonly controllers: readonly string[];
}

const cgroupMount = (line: string): readonly CgroupMount[] => {
  const [before = '', after = ''] = line.split(' - ');
  const [, , , root = '', point = ''] = before.split(' ').map(unescapeOctal);
  const [type, , options = ''] = after.split(' ');
  if (type === 'cgroup2') return [{ root, point, controllers: [''] }];
  return type === 'cgroup' ? [{ root, point, controllers: options.split(',') }] : [];
};

const unescapeOctal = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));

/** Fails where it is read-only, not ours, or full: then the next hierarchy is tried, or there is none. */
const made = (folder: string): boolean => attempt(() => mkdirSync(folder, { mode: 0o755 }));

const cgroupAt = (folder: string): Cgroup => {
  const procsFile = join(folder, 'cgroup.procs');
  const pids = (): readonly number[] => processesIn(procsFile);
  return {
    procsFile,
    pids,
    killAll() {
      // 'r+': a version-1 group has no such file, and must not be asked to create it.
      if (attempt(() => writeFileSync(join(folder, 'cgroup.kill'), '1', { flag: 'r+' }))) return;
      for (const pid of pids()) attempt(() => process.kill(pid, 'SIGKILL'));
    },
    remove: () => {
      attempt(() => rmdirSync(folder));
    },
  };
};

function processesIn(procsFile: string): readonly number[] {
  let text = '';
  attempt(() => {
    text = readFileSync(procsFile, 'utf8');
  });
  return text.split('\n').flatMap((line) => (line === '' ? [] : [Number(line)]));
}

/** A program that left somebody behind leaves its group behind; rmdir(2) refuses those that still have processes. */
function sweep(parent: string, nowMs: number): void {
  attempt(() => {
    for (const name of readdirSync(parent).filter((entry) => entry.startsWith(PREFIX))) {
      const folder = join(parent, name);
      attempt(() => {
        if (nowMs - statSync(folder).mtimeMs > STALE_MS) rmdirSync(folder);
      });
    }
  });
}

/** Whether the system calls of `work` succeeded. Groups and processes vanish while they are looked at. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    return false;
  }
}
