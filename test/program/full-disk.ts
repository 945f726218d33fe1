import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { filesOf } from '../unit/proxy/machines.ts';
import type { Rig } from './check-rig.ts';

/**
 * Each of the folders in turn becomes a file system that is full to its last block: the command fails, and everything is
 * as it was. Where the record is, and where the files are, it fails at other steps.
 *
 * @param record what the command would keep for whoever undoes it.
 */
export async function failsWhereFull(
  t: Test,
  rig: Rig,
  { folders, command, record }: { folders: readonly string[]; command: readonly string[]; record: string },
): Promise<void> {
  for (const full of folders) {
    const folder = join(rig.root, full);
    const aside = mkdtempSync(join(tmpdir(), 'quiesced-full-'));
    mkdirSync(folder, { recursive: true });
    cpSync(folder, aside, { recursive: true, verbatimSymlinks: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=755', 'quiesced-full', folder]);
    try {
      cpSync(aside, folder, { recursive: true, verbatimSymlinks: true });
      const before = filesOf(rig);
      spawnSync('dd', ['if=/dev/zero', `of=${folder}/filler`, 'bs=1k'], { stdio: 'ignore' });
      const { code, json } = await rig.run(...command, '--json');
      t.match({ code, error: json?.error?.code }, { code: 1, error: /^(change\.failed|record\.unwritable)$/ }, full);
      rmSync(join(folder, 'filler'));
      t.strictSame(filesOf(rig), before, `${full}: everything is as it was`);
      t.notOk(existsSync(join(rig.root, record)), 'and nothing is owed');
    } finally {
      execFileSync('umount', [folder]);
      rmSync(aside, { recursive: true });
    }
  }
}
