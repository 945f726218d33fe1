import { read } from '../repository.ts';
import { checksPage } from './checks.ts';
import { codesPart } from './codes.ts';
import { keysPart } from './keys.ts';

const BEGIN = '<!-- made by `npm run docs` from here on -->';
const END = '<!-- to here -->';

/** The pages that come from the code, or a part of which does, as they should be: by their path. */
export const pages = (): Readonly<Record<string, string>> => ({
  'docs/checks.md': checksPage(),
  'docs/configure.md': withPart(read('docs/configure.md'), keysPart()),
  'docs/troubleshooting.md': withPart(read('docs/troubleshooting.md'), codesPart()),
});

function withPart(page: string, part: string): string {
  const [before, rest] = page.split(BEGIN);
  const [, after] = rest?.split(END) ?? [];
  if (before === undefined || after === undefined) throw new Error(`a page has lost its marks: ${BEGIN} … ${END}`);
  return `${before}${BEGIN}\n\n${part}\n${END}${after}`;
}
