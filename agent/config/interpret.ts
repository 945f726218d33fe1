import { redact } from '../redact.ts';
import type { Platform } from '../system/system.ts';
import type { Entry, IniFile } from './ini.ts';
import { nearest } from './nearest.ts';
import type { Problem } from './problems.ts';
import type { FileSource, KeySpec } from './schema.ts';
import { keysOf, quiescerName, SCHEMA } from './schema.ts';
import { expected, readValue } from './values.ts';

/** What a file says about a key: the value in the type of `Config`, or as it was written where the table has no such key. */
export interface Setting {
  readonly section: string;
  readonly key: string;
  readonly value: unknown;
  readonly source: FileSource;
}

/** What the files say together; the later one wins. Every line of every file is judged, also one that is overruled. */
export interface Interpretation {
  /** By `section.key`. */
  readonly settings: ReadonlyMap<string, Setting>;
  /** Where each is mentioned first, in that order. */
  readonly quiescers: ReadonlyMap<string, FileSource>;
  readonly problems: readonly Problem[];
}

/** Holds what was read against the table. */
export async function interpret(files: readonly IniFile[], platform: Platform): Promise<Interpretation> {
  const settings = new Map<string, Setting>();
  const quiescers = new Map<string, FileSource>();
  const problems: Problem[] = [];
  for (const { file, headers, entries, problems: ofForm } of files) {
    const found: Problem[] = [...ofForm];
    for (const { section, line } of headers) {
      const name = quiescerName(section);
      if (name !== undefined && !quiescers.has(name)) quiescers.set(name, { from: 'file', file, line });
      if (keysOf(section) === undefined) found.push({ file, line, section, ...unknownSection(section) });
    }
    for (const entry of entries) {
      const judged = await judge(entry, platform);
      const { section, key, line } = entry;
      if ('what' in judged) found.push({ file, line, section, key, ...judged });
      else if (judged.known) {
        settings.set(`${section}.${key}`, { section, key, value: judged.value, source: { from: 'file', file, line } });
      }
    }
    problems.push(...found.sort((a, b) => a.line - b.line));
  }
  return { settings, quiescers, problems };
}

type Fault = Pick<Problem, 'what' | 'remedy'>;
type Judgement = { readonly known: true; readonly value: unknown } | { readonly known: false } | Fault;

async function judge({ section, key, value }: Entry, platform: Platform): Promise<Judgement> {
  const keys = keysOf(section);
  // Its header is reported already.
  if (keys === undefined) return { known: false };
  const spec = Object.hasOwn(keys, key) ? keys[key] : undefined;
  if (spec === undefined) return isFreeForm(section, key) ? { known: true, value } : unknownKey(section, key);
  const reading = await readValue(spec, value, platform);
  return 'value' in reading ? { known: true, value: reading.value } : notA(spec, key, reading.wrong, platform);
}

/** The quiescer judges its own keys; a misspelt `enabled` or `Enabled` is the one mistake that can be seen from here. */
const isFreeForm = (section: string, key: string): boolean =>
  quiescerName(section) !== undefined && nearest(key, ['enabled']) === undefined;

function notA(spec: KeySpec, key: string, wrong: string, platform: Platform): Fault {
  return {
    what: `${spec.secret ? 'the value' : shown(wrong)} is not ${expected(spec)}`,
    remedy: `Write for example: ${key} = ${exampleOf(spec, platform)}`,
  };
}

/** What is too long for a line is not shown at all: cut off, a secret in it might not be known for one. */
const shown = (wrong: string): string => {
  if (wrong === '') return 'an empty item';
  return wrong.length > 80 ? 'the value' : JSON.stringify(redact(wrong));
};

const exampleOf = (spec: KeySpec, platform: Platform): string => {
  if ('example' in spec) return spec.example;
  return spec.default ?? (platform === 'windows' ? 'C:\\ProgramData\\quiesced\\script.cmd' : '/usr/local/sbin/script');
};

function unknownSection(section: string): Fault {
  const known = Object.keys(SCHEMA);
  const near = nearest(section, known);
  const isQuiescer = /^quiescer(?![a-z])/i.test(section);
  if (isQuiescer)
    return {
      what: 'is not a quiescer with a name',
      remedy: 'Write [quiescer NAME], the name in letters, digits, . _ @ and -.',
    };
  return {
    what: 'is an unknown section',
    remedy: near === undefined ? `Sections are: ${known.join(', ')}, quiescer NAME.` : `Did you mean [${near}]?`,
  };
}

function unknownKey(section: string, key: string): Fault {
  const known = Object.keys(keysOf(section) ?? {});
  const near = nearest(key, known);
  const elsewhere = Object.keys(SCHEMA).find((other) => Object.hasOwn(keysOf(other) ?? {}, key));
  const belongs = elsewhere === undefined ? undefined : `It belongs in [${elsewhere}].`;
  return {
    what: 'is an unknown key',
    remedy:
      near === undefined ? (belongs ?? `Keys of [${section}] are: ${known.join(', ')}.`) : `Did you mean ${near}?`,
  };
}
