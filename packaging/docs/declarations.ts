import { posix } from 'node:path';
import { read } from '../repository.ts';

/** Something that a file of sources declares at its left margin, as this repository is formatted. */
export interface Declaration {
  readonly file: string;
  readonly name: string;
  readonly text: string;
  /** The comment before it, in one paragraph; empty without. */
  readonly comment: string;
}

interface Source {
  readonly declarations: ReadonlyMap<string, Declaration>;
  /** What each imported name is: the file, among ours. */
  readonly imports: ReadonlyMap<string, string>;
}

const BEGINS = /^(?:export )?(?:async )?(?:function\*?|const|interface|type) ([A-Za-z_]\w*)/;

/** Reads sources by their lines alone, once each: enough to find what belongs to what, without a compiler. */
export function sources(): (file: string) => Source {
  const known = new Map<string, Source>();
  return (file) => {
    const found = known.get(file) ?? parsed(file, read(file));
    known.set(file, found);
    return found;
  };
}

function parsed(file: string, text: string): Source {
  const lines = text.split('\n');
  const begins = lines.flatMap((line, index) => (BEGINS.test(line) ? [index] : []));
  const declarations = begins.map((begin, index) => {
    const [, name = ''] = BEGINS.exec(lines[begin] ?? '') ?? [];
    const body = lines.slice(begin, begins[index + 1] ?? lines.length).join('\n');
    // The comment at its end belongs to the next one.
    return [
      name,
      { file, name, text: body.replace(/\n\/\*\*(?:(?!\*\/)[\s\S])*\*\/\s*$/, ''), comment: above(lines, begin) },
    ] as const;
  });
  return { declarations: new Map(declarations), imports: new Map(importsOf(file, text)) };
}

function above(lines: readonly string[], begin: number): string {
  if (!/\*\/\s*$/.test(lines[begin - 1] ?? '')) return '';
  let first = begin - 1;
  while (first > 0 && !/^\/\*\*/.test(lines[first] ?? '')) first--;
  return lines
    .slice(first, begin)
    .map((line) => line.replace(/^\/?\s?\*+\/?\s?|\s*\*\/\s*$/g, '').trim())
    .filter((line) => line !== '')
    .join(' ');
}

const importsOf = (file: string, text: string): readonly (readonly [string, string])[] =>
  [...text.matchAll(/import \{([^}]*)\} from '(\.[^']+)'/g)].flatMap(([, names = '', from = '']) =>
    names
      .split(',')
      .map((name) => name.replace(/^\s*type /, '').trim())
      .filter((name) => name !== '')
      .map((name) => [name, posix.normalize(posix.join(posix.dirname(file), from))] as const),
  );
