import { GUID } from '../../system/guid.ts';

/** A set of shadow copies that were made at one moment, by the ids that VSS gave. */
export interface ShadowSet {
  /** Of the set, `{8356e764-3956-4625-b191-c42ea5dd30d5}`, in lower case. */
  readonly set: string;
  /** Of the shadow copies, in the order of the volumes; fewer where one was not named. */
  readonly shadows: readonly string[];
}

const SET = 'VSS_SHADOW_SET';

/** The name that a shadow copy has while diskshadow runs: of ours alone, so that it is found in any language. */
export const aliasOf = (index: number): string => `QUIESCED_${index + 1}`;

/**
 * What diskshadow says, or has logged, of the shadow copies that it made: lines with the alias of a shadow copy, or that
 * of the set, and one GUID. All else is in the language of the system. The name of a volume holds a GUID, too, and is
 * repeated with the commands of the script, so that one does not count.
 *
 * Undefined where the set is not named, or anything has two ids.
 */
export function parseShadowIds(output: string): ShadowSet | undefined {
  const found = new Map<string, string>();
  for (const line of output.split(/\r?\n/)) {
    const [alias] = ALIAS.exec(line) ?? [];
    const [id, ...others] = line.match(ID) ?? [];
    if (alias === undefined || id === undefined || others.length > 0) continue;
    if ((found.get(alias) ?? id.toLowerCase()) !== id.toLowerCase()) return undefined;
    found.set(alias, id.toLowerCase());
  }
  const set = found.get(SET);
  if (set === undefined) return undefined;
  return { set, shadows: Array.from({ length: found.size }, (_, at) => found.get(aliasOf(at)) ?? []).flat() };
}

const ALIAS = new RegExp(`\\b(?:QUIESCED_\\d{1,3}|${SET})\\b`);
const ID = new RegExp(`(?<!Volume)${GUID}`, 'gi');

/**
 * The same of the file that diskshadow logs to, which may be in UTF-16: what counts here is ASCII in each of its forms.
 *
 * @param bytes a character for each.
 */
export const parseShadowLog = (bytes: string): ShadowSet | undefined => parseShadowIds(bytes.replaceAll('\0', ''));
