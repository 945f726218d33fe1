import type { System } from '../system/system.ts';
import { system32Program } from '../system/system32.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { VSS } from './limits.ts';

/** The room that shadow copies of a volume have, in percent of the volume that they lie on. */
export interface ShadowStorage {
  /** `C:`, or the volume's own name. */
  readonly volume: string;
  readonly usedPercent: number;
  readonly mostPercent: number;
}

const QUERY_MS = 20_000;

export const shadowsHaveRoom: Check = {
  id: 'vss.shadowstorage',
  group: 'windows',
  title: 'Shadow copies have room enough',
  platforms: ['windows'],
  needsRoot: true,
  dependsOn: ['vss.service'],
  timeoutMs: QUERY_MS + 5000,
  source: VSS.storageSource,
  async run(system) {
    return judgeStorage(await readStorage(system));
  },
};

async function readStorage(system: System): Promise<readonly ShadowStorage[] | string> {
  const argv = [system32Program(system, 'vssadmin.exe'), 'list', 'shadowstorage'];
  const { ended, stdout } = await system.run(argv, { timeoutMs: QUERY_MS });
  if (ended === 'not-found') return 'there is no vssadmin';
  if (ended !== 'exited') return 'vssadmin did not answer in time';
  return parseShadowStorage(stdout) ?? 'what vssadmin says is not understood';
}

/**
 * A block a volume: two lines with names of volumes, `(C:)\\?\Volume{…}\`, and three amounts with their share in percent:
 * used, allocated, most. The words are in the language of the system; `UNBOUNDED` has 100 % behind it too.
 * Undefined where one of several is not understood: it may be the narrow one.
 */
export function parseShadowStorage(output: string): readonly ShadowStorage[] | undefined {
  const blocks = output.split(/(?:\r?\n[ \t]*){2,}/).flatMap((block) => {
    const [, letter, name] = /(?:\(([A-Z]:)\))?(\\\\\?\\Volume\{[0-9a-f-]+\}\\)/i.exec(block) ?? [];
    const shares = [...block.matchAll(/\(\s*(\d{1,3})\s?%\s*\)/g)].map(([, percent]) => Number(percent));
    const [usedPercent, , mostPercent] = shares;
    const volume = letter ?? name;
    if (volume === undefined) return [];
    const isWhole = usedPercent !== undefined && mostPercent !== undefined && shares.length === 3;
    return [isWhole ? { volume, usedPercent, mostPercent } : undefined];
  });
  return blocks.includes(undefined) ? undefined : blocks.filter((block) => block !== undefined);
}

export function judgeStorage(storage: readonly ShadowStorage[] | string): Result {
  if (typeof storage === 'string') return skip(`the storage of shadow copies could not be asked for: ${storage}`);
  if (storage.length === 0) return skip('vssadmin tells of no storage: with none set, Windows gives what there is');
  const narrow = storage.filter(({ mostPercent }) => mostPercent < VSS.leastPercent);
  if (narrow.length === 0) {
    return pass(storage.map(({ volume, mostPercent }) => `${volume} up to ${mostPercent} %`).join(', '));
  }
  return warn(
    `little room for shadow copies: ${narrow.map(({ volume, usedPercent, mostPercent }) => `${volume} ${mostPercent} % at most, ${usedPercent} % in use`).join(', ')}; one that grows out of it while a backup runs is lost`,
    `Give them a tenth of the volume:\n${narrow.map(({ volume }) => `$ vssadmin resize shadowstorage /for=${volume} /on=${volume} /maxsize=${VSS.leastPercent}%`).join('\n')}`,
  );
}
