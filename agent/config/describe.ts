import { REDACTED, redact } from '../redact.ts';
import { writeIniValue } from './ini.ts';
import type { LoadedConfig } from './load.ts';
import type { KeySpec, Source } from './schema.ts';
import { propertyOf, QUIESCER_KEYS, SCHEMA } from './schema.ts';
import { writeValue } from './values.ts';

/** A line of `quiesced config`. */
export interface ConfigRow {
  readonly section: string;
  readonly key: string;
  /** As it would be written in the file, secrets hidden; undefined when the key is absent and has no default. */
  readonly value: string | undefined;
  readonly source: Source;
}

/** Every key with its value and where that came from, in the order of the table. */
export function describeConfig({ config, sources }: LoadedConfig): readonly ConfigRow[] {
  const row = (section: string, key: string, value: string | undefined): ConfigRow => {
    const shown = value === undefined ? undefined : writeIniValue(value);
    return { section, key, value: shown, source: sources[`${section}.${key}`] ?? { from: 'default' } };
  };
  const rows = (section: string, keys: Readonly<Record<string, KeySpec>>, values: Readonly<Record<string, unknown>>) =>
    Object.entries(keys).map(([key, spec]) => row(section, key, visible(spec, values[propertyOf(key, spec)])));

  const sections = Object.entries(SCHEMA).flatMap(([section, keys]) =>
    rows(section, keys, config[section as keyof typeof SCHEMA]),
  );
  const quiescers = config.quiescers.flatMap((quiescer) => {
    const section = `quiescer ${quiescer.name}`;
    const free = Object.entries(quiescer.settings).map(([key, { value }]) =>
      row(section, key, visibleFree(key, value)),
    );
    return [...rows(section, QUIESCER_KEYS, { ...quiescer }), ...free];
  });
  return [...sections, ...quiescers];
}

const visible = (spec: KeySpec, value: unknown): string | undefined => {
  const written = writeValue(spec, value);
  if (written === undefined) return undefined;
  return spec.secret ? withoutPath(redact(written)) : redact(written);
};

/** The path of a webhook is its password. */
function withoutPath(url: string): string {
  const [, origin = '', rest = ''] = /^(\w+:\/\/[^/?#]*)(.*)$/.exec(url) ?? [];
  return rest === '' || rest === '/' ? url : `${origin}/${REDACTED}`;
}

/** Whether a key names a secret is `redact`'s to say; its values are hidden whole, also behind a space. */
const visibleFree = (key: string, value: string): string =>
  redact(`${key}=x`) === `${key}=x` ? redact(value) : REDACTED;
