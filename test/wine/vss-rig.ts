/** A Windows (Wine) on which shadow copies are made by stand-ins, with scripts around them, and what becomes of it all. */
import { cpSync, linkSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { wineMachine } from './machine.ts';

/** Scripts, with what they may have in their paths; nobody else may change it. */
export const SCRIPTS = 'C:\\s p';

const lines = (text: string): readonly string[] => text.split(/\r?\n/).filter((line) => line !== '');

export async function vssRig(t: Test) {
  const machine = await wineMachine(t);
  const { disk, node, quiesced } = machine;
  const ours = join(disk, 'ProgramData/quiesced');
  const events = join(disk, 'events.txt');
  const told = (fate: string) => {
    writeFileSync(join(disk, 'fate.txt'), fate);
    rmSync(events, { force: true });
  };
  for (const folder of [ours, join(disk, 's p')]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(disk, 's p/pre.cmd'), '@echo pre>> C:\\events.txt\r\n');
  writeFileSync(
    join(disk, 's p/post.cmd'),
    '@echo post %QUIESCED_CONSISTENCY% %QUIESCED_SNAPSHOT%>> C:\\events.txt\r\n',
  );
  told('');
  return {
    machine,
    /** The folder of the program's own files. */
    ours,
    json: (...args: readonly string[]) => JSON.parse(quiesced(...args, '--json').out),
    /** @param more of [snapshot]. @param sections after the others. */
    configure(keep: number, more = '', sections = '') {
      const text = `[snapshot]
taker = vss
${more}[vss]
volumes = C:
keep = ${keep}
[scripts]
pre = ${SCRIPTS}\\pre.cmd
post = ${SCRIPTS}\\post.cmd
${sections}`;
      writeFileSync(join(ours, 'quiesced.conf'), text.replaceAll('\n', '\r\n'));
    },
    /** What the stand-ins are to do; what was done before is forgotten. */
    told,
    events: () => lines(readFileSync(events, 'utf8')),
    /** Ids of the sets of shadow copies that there are. */
    sets: (): readonly string[] => JSON.parse(readFileSync(join(disk, 'sets.json'), 'utf8')),
    /** Folders of sessions of diskshadow. */
    sessions: () => readdirSync(join(ours, 'run')).filter((name) => name.startsWith('vss-')),
    /** Makes it a server. */
    plant() {
      const system32 = join(disk, 'windows/system32');
      cpSync(node, join(system32, 'diskshadow.exe'));
      linkSync(join(system32, 'diskshadow.exe'), join(system32, 'vssadmin.exe'));
      cpSync(join(import.meta.dirname, 'diskshadow-stand-in.cjs'), join(disk, 's'));
      cpSync(join(import.meta.dirname, 'vssadmin-stand-in.cjs'), join(disk, 'list'));
    },
  };
}
