import { modifiedMs, readableLink, readableList } from '../system/readable.ts';
import { shellWord } from '../system/shell-word.ts';
import type { System } from '../system/system.ts';
import { type Check, info, pass, type Result, skip, warn } from './check.ts';
import { VAULT_CREDENTIALS } from './limits.ts';

/** A file with which anybody may register a machine with the vault. */
export interface Credentials {
  readonly path: string;
  readonly ageMs: number;
}

/** Downloaded to register an agent, and then forgotten. */
export const noVaultCredentials: Check = {
  id: 'other.vault-credentials',
  group: 'other',
  title: 'No credentials of a vault lie about',
  needsRoot: true,
  source: VAULT_CREDENTIALS.source,
  async run(system) {
    const found = await (system.platform === 'windows' ? searchWindows : search)(system);
    if (found === undefined) return skip('find is missing, or was too slow');
    const remover = system.platform === 'windows' ? (path: string) => `del "${path}"` : undefined;
    return judgeCredentials(found, remover);
  },
};

/** @param removing the command that removes a file. */
export function judgeCredentials(
  found: readonly Credentials[],
  removing = (path: string): string => `shred -u ${shellWord(path)}`,
): Result {
  if (found.length === 0) return pass('none in the usual places');
  const young = found.filter(({ ageMs }) => ageMs <= VAULT_CREDENTIALS.ms);
  const remedy = `Remove what is not needed any more; a new file is downloaded from the vault in a minute:\n${found.map(({ path }) => `$ ${removing(path)}`).join('\n')}`;
  if (young.length === 0) {
    return info(`expired ${HOURS} hours after the download, and of no use to anybody: ${listed(found)}`, remedy);
  }
  return warn(
    `whoever reads ${listed(young)} may register a machine with the vault, for ${HOURS} hours from the download, if no newer one was made`,
    remedy,
  );
}

const HOURS = VAULT_CREDENTIALS.ms / 3_600_000;

/** By the time of the file, which a copy may have made younger. */
const listed = (files: readonly Credentials[]): string =>
  files.map(({ path, ageMs }) => `${path} (${Math.max(0, Math.floor(ageMs / 3_600_000))} h old)`).join(', ');

/** Where browsers and people put them. */
const PLACES = ['root', 'home', 'tmp', 'opt'];
/** `/home/NAME/Downloads/FILE`. */
const DEPTH = '3';
const SEARCH_MS = 3000;
const NETWORK = ['nfs', 'nfs4', 'cifs', 'smb3', 'autofs', '9p', 'ceph', 'glusterfs'];

/**
 * By find(1), because a home on a server that is gone blocks whoever looks at it. It stays on the file system of each
 * place, and away from a place that is a network's.
 */
async function search(system: System): Promise<readonly Credentials[] | undefined> {
  const places = (await readableList(system, '/')).filter((name) => PLACES.includes(name));
  if (places.length === 0) return [];
  const elsewhere = NETWORK.flatMap((type, at) => [...(at === 0 ? [] : ['-o']), '-fstype', type]);
  const wanted = ['-type', 'f', '-iname', '*.VaultCredentials', '-printf', '%T@ %p\\0'];
  const paths = places.map((name) => system.resolve(`/${name}`));
  const argv = ['find', ...paths, '-maxdepth', DEPTH, '-xdev', '(', ...elsewhere, ')', '-prune', '-o', ...wanted];
  const { ended, stdout } = await system.run(argv, { timeoutMs: SEARCH_MS });
  if (ended !== 'exited') return undefined;
  return parseFound(stdout, system.root, system.clock.now().getTime());
}

const WINDOWS_USERS = 'C:\\Users';
/** Of each user, and of the disk. */
const WINDOWS_PLACES = ['Downloads', 'Desktop', 'Documents'];

/** Folders of users are on this machine's own disk: what is redirected to a server is not below them, or is a link. */
async function searchWindows(system: System): Promise<readonly Credentials[]> {
  const users = (await readableList(system, WINDOWS_USERS)).map((user) => `${WINDOWS_USERS}\\${user}`);
  const places = (await notLinked(system, users)).flatMap((user) => WINDOWS_PLACES.map((place) => `${user}\\${place}`));
  const folders = await notLinked(system, places);
  const nowMs = system.clock.now().getTime();
  const found = await Promise.all(
    [...folders, 'C:\\Temp', 'C:\\Windows\\Temp'].map(async (folder) => {
      const names = (await readableList(system, folder)).filter((name) => /\.vaultcredentials$/i.test(name));
      return Promise.all(
        names.map(async (name) => {
          const path = `${folder}\\${name}`;
          return { path, ageMs: nowMs - ((await modifiedMs(system, path)) ?? nowMs) };
        }),
      );
    }),
  );
  return found.flat();
}

/** What is looked for on a server that does not answer would hold a thread of ours for as long. */
async function notLinked(system: System, folders: readonly string[]): Promise<readonly string[]> {
  const links = await Promise.all(folders.map((folder) => readableLink(system, folder)));
  return folders.filter((_, at) => links[at] === undefined);
}

/** Seconds since the epoch, a blank and the path, each ended by NUL. */
export const parseFound = (output: string, root: string, nowMs: number): readonly Credentials[] =>
  output.split('\0').flatMap((entry) => {
    const [, seconds, path] = /^(\d+(?:\.\d+)?) (.+)$/s.exec(entry) ?? [];
    if (seconds === undefined || path === undefined) return [];
    const shown = root !== '/' && path.startsWith(`${root}/`) ? path.slice(root.length) : path;
    return [{ path: shown, ageMs: nowMs - Number(seconds) * 1000 }];
  });
