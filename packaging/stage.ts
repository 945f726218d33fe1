import { chmodSync, copyFileSync, lstatSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { Landed, Source } from './files.ts';
import { ROOT } from './repository.ts';
import type { Target } from './target.ts';

/** Lays out what a package contains, below a folder that stands for `/`. */
export async function stage(root: string, target: Target, files: readonly Landed[]): Promise<void> {
  for (const { path, mode, from } of files) {
    const place = join(root, path);
    makeFolder(dirname(place));
    await put(place, from, target);
    setModes(place, mode);
  }
}

async function put(place: string, from: Source, target: Target): Promise<void> {
  if ('copy' in from) copyFileSync(join(ROOT, from.copy), place);
  else if ('text' in from) writeFileSync(place, from.text(target));
  // The header that zlib writes has no name and no time in it: the same text makes the same bytes.
  else if ('gzip' in from) writeFileSync(place, gzipSync(from.gzip(), { level: 9 }));
  else if ('make' in from) await from.make(place, target);
  else makeFolder(place);
}

/** With those above it that are missing, whatever the umask of whoever builds it. */
function makeFolder(path: string): void {
  const first = mkdirSync(path, { recursive: true });
  if (first === undefined) return;
  for (let each = path; each.length >= first.length; each = dirname(each)) chmodSync(each, 0o755);
}

/** What a build leaves behind has the modes of wherever it came from. */
function setModes(path: string, mode: number): void {
  chmodSync(path, mode);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) {
    const inside = join(path, name);
    setModes(inside, lstatSync(inside).isDirectory() ? 0o755 : 0o644);
  }
}

/** Every file below a folder, by its path from there, sorted. */
export const filesBelow = (root: string): readonly string[] =>
  readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((each) => !each.isDirectory())
    .map(({ parentPath, name }) => join(parentPath, name).slice(root.length + 1))
    .sort();
