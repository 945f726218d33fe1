import { type KeySpec, QUIESCER_KEYS, SCHEMA } from '../../agent/config/schema.ts';
import { expected } from '../../agent/config/values.ts';
import { sourceDate } from '../repository.ts';
import { dayOf } from './day.ts';
import { entry, example, page, paragraph, section, subsection, title } from './roff.ts';

type Keys = Readonly<Record<string, KeySpec>>;

/** quiesced.conf(5), from the schema. */
export const configurationManual = (): string =>
  page([
    title('quiesced.conf', 5, dayOf(sourceDate()), 'File formats'),
    section('NAME'),
    'quiesced.conf \\- configuration of quiesced',
    section('SYNOPSIS'),
    paragraph('/etc/quiesced/quiesced.conf, /etc/quiesced/quiesced.conf.d/*.conf'),
    section('DESCRIPTION'),
    paragraph(
      'Everything is optional; quiesced works with no file at all. The files in quiesced.conf.d are read after quiesced.conf, by name, and a later value wins. The files, and every folder above them, must belong to root and be writable by nobody else. quiesced config shows every value and where it came from.',
    ),
    paragraph('Sections, keys and comments are written so:'),
    example('[snapshot]\n# At most so long, whatever happens.\nfrozen-deadline = 5s'),
    paragraph(
      'Durations are written 500ms, 10s, 2m, 6h; switches yes or no; lists with commas. A value with ; or # in it needs double quotes. An unknown key, a key given twice and a value that is not possible are errors that name file and line.',
    ),
    ...Object.entries(SCHEMA).flatMap(([name, keys]) => sectionPart(name, keys)),
    ...sectionPart('quiescer NAME', QUIESCER_KEYS),
    section('SEE ALSO'),
    paragraph('quiesced(8)'),
  ]);

const sectionPart = (name: string, keys: Keys): readonly string[] => [
  subsection(`[${name}]`),
  ...Object.entries(keys).map(([key, spec]) => entry(key, aboutKey(spec))),
];

function aboutKey(spec: KeySpec): string {
  const given = spec.default === undefined ? 'Not set by default.' : `Default: ${spec.default}.`;
  const such = 'example' in spec ? ` Example: ${spec.example}` : '';
  return `${spec.about} It is ${expected(spec)}. ${given}${such}`;
}
