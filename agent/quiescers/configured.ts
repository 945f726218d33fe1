import { nearest } from '../config/nearest.ts';
import { invalidConfig, type Problem } from '../config/problems.ts';
import { type Config, type KeySpec, propertyOf, type QuiescerConfig } from '../config/schema.ts';
import { expected, readValue } from '../config/values.ts';
import { runningInstances } from '../system/database-instances.ts';
import type { Platform, System } from '../system/system.ts';
import { exposure } from '../system/trust.ts';
import { quiescerKinds } from './all.ts';
import { type QuiescerKind, type QuiescerParts, titleOf } from './kind.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';

/** For an orderly release before the feeder of a client ends by itself. */
const ORDERLY_MS = 5000;

type Limits = Pick<Config['snapshot'], 'quiesceDeadlineMs'>;

/**
 * The quiescers of the configuration that are enabled, in its order. Throws `config.invalid` with all that is wrong in
 * their sections, also in those that are not enabled.
 */
export async function createQuiescers(
  system: System,
  { quiescers, snapshot }: Pick<Config, 'quiescers' | 'snapshot'>,
  self: readonly string[],
): Promise<readonly ConfiguredQuiescer[]> {
  const problems: Problem[] = [];
  const created: ConfiguredQuiescer[] = [];
  for (const section of quiescers) {
    const made = await create({ system, self }, section, snapshot);
    if ('problems' in made) problems.push(...made.problems);
    else if (section.enabled) created.push(made);
  }
  if (problems.length > 0) throw invalidConfig(problems);
  return created;
}

async function create(
  { system, self }: Pick<QuiescerParts, 'system' | 'self'>,
  section: QuiescerConfig,
  limits: Limits,
): Promise<ConfiguredQuiescer | { readonly problems: readonly Problem[] }> {
  const kind = kindOf(section.name);
  if (kind === undefined) return { problems: unknownKind(section) };
  const { values, problems } = await judge(kind, section, system);
  if (problems.length > 0) return { problems };
  const { timeoutMs, lockWaitMs, onFailure } = section;
  const parts = {
    system,
    self,
    id: section.name,
    title: titleOf(kind.title, section.name),
    lockWaitMs,
    holdMs: Math.min(timeoutMs, limits.quiesceDeadlineMs),
    lifeMs: limits.quiesceDeadlineMs + ORDERLY_MS,
    instances: () => runningInstances(system),
    ...(onFailure === 'inherit' ? {} : { onFailure }),
  };
  return kind.create(parts, values as never);
}

/** Of a name: what stands before its first dot. */
export const kindOf = (name: string): QuiescerKind | undefined =>
  quiescerKinds.find(({ id }) => id === name.split('.', 1)[0]);

async function judge({ id, keys }: QuiescerKind, { name, settings, enabled }: QuiescerConfig, system: System) {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [key, spec] of Object.entries(keys)) {
    const given = settings[key];
    const text = given?.value ?? spec.default;
    if (text === undefined) {
      values[propertyOf(key, spec)] = spec.type === 'list' ? [] : undefined;
      continue;
    }
    const reading = await readValue(spec, text, system.platform);
    const exposed = spec.secret && given !== undefined ? await exposure(system, given.source.file) : undefined;
    if (exposed !== undefined && given !== undefined) {
      // Behind `password: ` every word would be hidden from whoever is to read this.
      const what = `its ${key} ${exposed.what}`;
      problems.push({ ...given.source, section: `quiescer ${name}`, what, remedy: exposed.remedy });
    }
    if (enabled && given !== undefined && isElsewhere(spec, system)) {
      const what = `is for ${PLATFORM_NAMES[spec.only.platform]} only`;
      problems.push({ ...given.source, section: `quiescer ${name}`, key, what, remedy: spec.only.instead });
    }
    if ('value' in reading) values[propertyOf(key, spec)] = reading.value;
    else if (given !== undefined) {
      const example = 'example' in spec ? spec.example : spec.default;
      const what = `is not ${expected(spec)}`;
      problems.push({
        ...given.source,
        section: `quiescer ${name}`,
        key,
        what,
        remedy: `Write for example: ${key} = ${example}`,
      });
    }
  }
  for (const [key, { source }] of Object.entries(settings)) {
    if (Object.hasOwn(keys, key)) continue;
    const known = Object.keys(keys).filter((each) => !isElsewhere(keys[each], system));
    const near = nearest(key, known);
    const remedy =
      near === undefined
        ? `Keys of ${id} are: enabled, on-failure, timeout, lock-wait, ${known.join(', ')}.`
        : `Did you mean ${near}?`;
    problems.push({ ...source, section: `quiescer ${name}`, key, what: 'is an unknown key', remedy });
  }
  return { values, problems };
}

function unknownKind({ name, source }: QuiescerConfig): readonly Problem[] {
  const kinds = quiescerKinds.map(({ id }) => id);
  const near = nearest(name.split('.', 1)[0] ?? '', kinds);
  const list = `Write [quiescer KIND] or [quiescer KIND.NAME]; kinds are: ${kinds.join(', ')}.`;
  const remedy =
    near === undefined ? list : `Did you mean [quiescer ${near}${name.slice(name.split('.', 1)[0]?.length)}]?`;
  return [
    {
      file: source.file,
      line: source.line,
      section: `quiescer ${name}`,
      what: 'is no application that is known here',
      remedy,
    },
  ];
}

/** A key that can do nothing must not be passed over: somebody counts on it. */
const isElsewhere = (
  spec: KeySpec | undefined,
  { platform }: System,
): spec is KeySpec & Required<Pick<KeySpec, 'only'>> => spec?.only !== undefined && spec.only.platform !== platform;

const PLATFORM_NAMES: Readonly<Record<Platform, string>> = { linux: 'Linux', windows: 'Windows' };
