import { readFileSync } from 'node:fs';

/** Put in by the bundler; a tree of sources asks its package.json. */
declare const QUIESCED_VERSION: string | undefined;

export const versionOf = (): string => {
  if (typeof QUIESCED_VERSION === 'string') return QUIESCED_VERSION;
  const file = new URL('../../package.json', import.meta.url);
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
};
