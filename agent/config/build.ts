import type { Platform } from '../system/system.ts';
import type { Interpretation, Setting } from './interpret.ts';
import type { Config, KeySpec, QuiescerConfig, SectionOf, Source } from './schema.ts';
import { propertyOf, QUIESCER_KEYS, SCHEMA } from './schema.ts';
import { readValue } from './values.ts';

/** The configuration with the sources of its values, by `section.key`. */
export interface Built {
  readonly config: Config;
  readonly sources: Readonly<Record<string, Source>>;
}

/** Fills in the defaults. What could not be read has its default too; the caller throws then anyway. */
export async function buildConfig(read: Interpretation, platform: Platform): Promise<Built> {
  const sources: Record<string, Source> = {};
  const fill = async (section: string, keys: Readonly<Record<string, KeySpec>>): Promise<Record<string, unknown>> => {
    const values: Record<string, unknown> = {};
    for (const [key, spec] of Object.entries(keys)) {
      const setting = read.settings.get(`${section}.${key}`);
      sources[`${section}.${key}`] = setting?.source ?? { from: 'default' };
      values[propertyOf(key, spec)] = setting === undefined ? await defaultOf(spec, platform) : setting.value;
    }
    return values;
  };

  const sections: Record<string, unknown> = {};
  for (const [section, keys] of Object.entries(SCHEMA)) sections[section] = await fill(section, keys);
  const quiescers: QuiescerConfig[] = [];
  for (const [name, source] of read.quiescers) {
    const section = `quiescer ${name}`;
    const common = (await fill(section, QUIESCER_KEYS)) as unknown as SectionOf<typeof QUIESCER_KEYS>;
    const free = freeForm(section, read.settings);
    for (const { key, source } of free) sources[`${section}.${key}`] = source;
    const settings = free.map(({ key, value, source }) => [key, { value: String(value), source }] as const);
    quiescers.push({ name, source, ...common, settings: Object.fromEntries(settings) });
  }
  // The one place where the table's values become the type that is derived from it; a test holds both together.
  return { config: { ...sections, quiescers } as unknown as Config, sources };
}

const freeForm = (section: string, settings: Interpretation['settings']): Setting[] =>
  [...settings.values()].filter((setting) => setting.section === section && !Object.hasOwn(QUIESCER_KEYS, setting.key));

async function defaultOf(spec: KeySpec, platform: Platform): Promise<unknown> {
  if (spec.default === undefined) return spec.type === 'list' ? [] : undefined;
  const reading = await readValue(spec, spec.default, platform);
  if ('wrong' in reading) throw new Error(`the default ${reading.wrong} breaks its own bounds: ${spec.about}`);
  return reading.value;
}
