import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, read } from './repository.ts';
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

interface LockFile {
  readonly packages: Readonly<Record<string, { readonly dev?: true; readonly optional?: true }>>;
}

/** By the lock file: all that can get into the bundle. The optional ones are Node, and koffi's native files. */
const dependencies = (): readonly string[] =>
  Object.entries((JSON.parse(read('package-lock.json')) as LockFile).packages)
    .filter(([path, { dev, optional }]) => path !== '' && !dev && !optional)
    .map(([path]) => path.replace(/^node_modules\//, ''));

function heading(name: string): string {
  const { version } = JSON.parse(read(`node_modules/${name}/package.json`)) as { version: string };
  const line = `${name} ${version}`;
  return `\n\n${line}\n${'='.repeat(line.length)}\n\n`;
}

function licenceOf(name: string): string {
  const folder = join(ROOT, 'node_modules', name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), 'utf8');
  const { license, author } = JSON.parse(read(`node_modules/${name}/package.json`)) as Record<string, unknown>;
  if (typeof license !== 'string') throw new Error(`${name} says nothing of its licence`);
  return `${license}; ${JSON.stringify(author ?? 'its authors')}`;
}
