import { type AzureCode, EXTENSION_LOG, VSL, WRITTEN_CODES } from './azure-codes.ts';
import { SNAPSHOT_CODES } from './vm-snapshot-codes.ts';

/** The other numbers of the extension, with what little they say. */
const NUMBERS: readonly AzureCode[] = Object.entries(SNAPSHOT_CODES)
  .filter(([code]) => !WRITTEN_CODES.some(({ codes }) => codes.includes(code)))
  .map(([code, { meaning, see }]) => ({
    codes: [code],
    meaning,
    causes: [],
    checks: see === undefined ? ['agent.extension-state'] : [see, 'agent.extension-state'],
    remedy: `See the extension's own words:\n${EXTENSION_LOG}`,
    source: VSL,
  }));

/** Every code that we explain. */
export const AZURE_CODES: readonly AzureCode[] = [...WRITTEN_CODES, ...NUMBERS];

/** By any of its names, in any case, as it was copied from somewhere; undefined when it is not known. */
export function azureCode(word: string): AzureCode | undefined {
  const plain = word
    .trim()
    .replace(/^code\s+|(?<![.,:;])[.,:;]+$/gi, '')
    .toLowerCase();
  return AZURE_CODES.find(({ codes }) => codes.some((code) => code.toLowerCase() === plain));
}

/** The names of the errors that a check may explain; of the bare numbers those only that are failures of their own. */
export const explainedBy = (id: string): readonly string[] =>
  WRITTEN_CODES.filter(({ checks }) => checks.includes(id)).map(({ codes }) => codes[0]);
