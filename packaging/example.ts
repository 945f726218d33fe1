import { wrap } from '../agent/cli/wrap.ts';
import { writeIniValue } from '../agent/config/ini.ts';
import { type KeySpec, SCHEMA } from '../agent/config/schema.ts';
import { expected } from '../agent/config/values.ts';

const WIDTH = 80;

const HEAD =
  'Configuration of quiesced. All of it is optional: what is commented out here shows the default or, where there is none, an example. Files in quiesced.conf.d are read after this one. See quiesced.conf(5), and what holds: quiesced config';

/** The file that is installed: every section, every key commented out, with its text from the schema. */
export const exampleConfiguration = (): string =>
  `${[...wrap(HEAD, WIDTH - 2).map(comment), ...Object.entries(SCHEMA).flatMap(([name, keys]) => sectionLines(name, keys))].join('\n')}\n`;

const sectionLines = (name: string, keys: Readonly<Record<string, KeySpec>>): readonly string[] => [
  '',
  `[${name}]`,
  ...Object.entries(keys).flatMap(([key, spec], index) => [...(index === 0 ? [] : ['']), ...keyLines(key, spec)]),
];

const keyLines = (key: string, spec: KeySpec): readonly string[] => [
  ...wrap(spec.about, WIDTH - 2).map(comment),
  ...wrap(`(${[expected(spec), ...such(spec)].join('; ')})`, WIDTH - 2).map(comment),
  `#${key} = ${writeIniValue(shownValue(spec))}`,
];

const such = (spec: KeySpec): readonly string[] =>
  'example' in spec && spec.default !== undefined ? [`for example ${spec.example}`] : [];

const shownValue = (spec: KeySpec): string => spec.default ?? spec.example;

const comment = (line: string): string => `# ${line}`;
