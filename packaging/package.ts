/**
 * `npm run package`: every package, in `dist/packages`. `npm run package -- rpm amd64` makes only those that are named,
 * by form and by Debian's name of the architecture. The same commit makes the same bytes.
 */
import { join } from 'node:path';
import { buildDeb } from './deb/build.ts';
import type { Form } from './files.ts';
import { ROOT } from './repository.ts';
import { buildRpm } from './rpm/build.ts';
import { buildTarball } from './tarball/build.ts';
import { ARCHITECTURES, type Architecture, type Compression } from './target.ts';

type Builder = (folder: string, architecture: Architecture, compression?: Compression) => Promise<string>;

export const BUILDERS = { deb: buildDeb, rpm: buildRpm, tarball: buildTarball } as const satisfies Record<
  Form,
  Builder
>;
export const FORMS = Object.keys(BUILDERS) as readonly Form[];

/** @returns their paths, as they were made. */
export async function buildPackages(
  folder: string,
  forms: readonly Form[] = FORMS,
  architectures: readonly Architecture[] = ARCHITECTURES,
): Promise<readonly string[]> {
  const made: string[] = [];
  for (const form of forms) {
    for (const architecture of architectures) made.push(await BUILDERS[form](folder, architecture));
  }
  return made;
}

if (import.meta.main) {
  const words = process.argv.slice(2);
  const unknown = words.find((word) => ![...FORMS, ...ARCHITECTURES].some((known) => known === word));
  if (unknown !== undefined) {
    process.stderr.write(`there is no ${unknown}; there are: ${[...FORMS, ...ARCHITECTURES].join(', ')}\n`);
    process.exit(2);
  }
  const named = <T extends string>(all: readonly T[]) => {
    const chosen = all.filter((each) => words.includes(each));
    return chosen.length === 0 ? all : chosen;
  };
  const made = await buildPackages(join(ROOT, 'dist/packages'), named(FORMS), named(ARCHITECTURES));
  process.stdout.write(`${made.join('\n')}\n`);
}
