import { globSync } from 'node:fs';
import { ROOT, read, versionOf } from '../repository.ts';

/** Places that say another version than package.json, each with what it says; empty when they agree. */
export function otherVersions(): readonly string[] {
  const version = versionOf();
  const lock = JSON.parse(read('package-lock.json')) as {
    version: string;
    packages: Record<string, { version: string }>;
  };
  const said = [
    ['package-lock.json', lock.version],
    ['package-lock.json, its packages', lock.packages['']?.version],
    ...globSync(['README.md', 'docs/*.md'], { cwd: ROOT }).flatMap((path) =>
      // The name of a package or archive that readers are to fetch.
      [...read(path).matchAll(/quiesced[-_](\d+\.\d+\.\d+)/g)].map(([, found]) => [path, found] as const),
    ),
  ] as const;
  return said.filter(([, found]) => found !== version).map(([path, found]) => `${path} says ${found}`);
}
