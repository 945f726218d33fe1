import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parsePeVersion } from '../../agent/system/pe-version.ts';
import { fileId } from './wxs.ts';

/** What may have a version resource. */
const PROGRAMS = /\.(exe|dll|node)$/;
/** English (United States), in which the makers of Node have written theirs. */
const LANGUAGE = 1033;

/**
 * The versions of programs, as SQL for msibuild(1): wixl(1) leaves them out. To Windows Installer a file is as old as this
 * table says, and one without a version never takes the place of one that has one: a repair would keep whatever node.exe
 * is there (learn.microsoft.com/windows/win32/msi/file-versioning-rules).
 *
 * @param paths below `root`, with `/`.
 */
export const versionsOf = (root: string, paths: readonly string[]): readonly string[] =>
  paths.flatMap((path) => {
    const version = PROGRAMS.test(path) ? parsePeVersion(readFileSync(join(root, path))) : undefined;
    return version === undefined ? [] : [update(path, version.file)];
  });

const update = (path: string, version: string): string =>
  `UPDATE \`File\` SET \`Version\` = '${version}', \`Language\` = '${LANGUAGE}' WHERE \`File\` = '${fileId(path)}'`;
