import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { locked, packageFolder } from './npm-package.ts';
import { read } from './repository.ts';
import type { Target } from './target.ts';

/** Our licence, and those of all that is packed together with us: each asks to be passed on with the program. */
export function licences({ node }: Target): string {
  const others = [node, ...dependencies()].map((name) => `${heading(name)}${licenceOf(name).trim()}\n`);
  return [
    'quiesced\n========\n\n',
    read('LICENSE'),
    '\nThe program is packed together with Node.js and the packages of npm that it uses. Their licences follow.\n',
    ...others,
  ].join('');
}

/** By the lock file: all that can get into the bundle. The optional ones are Node, and koffi's native files. */
export const dependencies = (): readonly string[] =>
  [...locked()].filter(([, { dev, optional }]) => !dev && !optional).map(([name]) => name);

function heading(name: string): string {
  const line = `${name} ${locked().get(name)?.version}`;
  return `\n\n${line}\n${'='.repeat(line.length)}\n\n`;
}

function licenceOf(name: string): string {
  const folder = packageFolder(name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const { license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;
  if (typeof license !== 'string') throw new Error(`${name} says nothing of its licence`);
  return `${license}; ${JSON.stringify(author ?? 'its authors')}`;
}
