import { existsSync, linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { faultOfNewImage } from '../../../agent/boot/new-image.ts';
import type { Check } from '../../../agent/checks/check.ts';
import { addressByDhcp } from '../../../agent/checks/network-dhcp.ts';
import { restoreChecks } from '../../../agent/checks/restore.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import type { RepairParts } from '../../../agent/repair/change.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { type FakeProgram, type FakeSystem, fakeSystem } from '../../fakes/system.ts';
import { AZURE } from '../checks/machine.ts';
import { filesOf } from '../proxy/machines.ts';
import { type Files, imageOf } from './kernels.ts';
import { MACHINES, type Machine } from './systems.ts';

export const machineNamed = (name: string): Machine => {
  const found = MACHINES.find((each) => each.name.startsWith(name));
  if (found === undefined) throw new Error(`there is no machine ${name}`);
  return found;
};

/** The kernel of none of them runs here, so that each is judged as one that was never tried. */
const FACTS: Facts = { ...AZURE, kernel: undefined };

/** A machine of files in a private root, with tools that do to it what the real ones would. */
export function planted(t: Pick<Test, 'teardown'>, machine: Machine, changes: Files = {}): FakeSystem {
  const programs: Record<string, FakeProgram> = {};
  const system = fakeSystem({ files: { ...machine.files, ...changes }, programs });
  t.teardown(system.cleanUp);
  Object.assign(programs, toolsOf(system, machine));
  return Object.assign(system, { live: true });
}

/** Names in fixtures for the real thing; what each does is what the repairs count on. */
function toolsOf(system: FakeSystem, { kernel }: Machine): Record<string, FakeProgram> {
  const { root } = system;
  const at = (path = '') => join(root, path);
  const read = (path: string) => (existsSync(at(path)) ? readFileSync(at(path), 'latin1') : '');
  const does =
    (work: (args: readonly string[]) => void): FakeProgram =>
    async (argv) => {
      work(argv.slice(1).filter((word) => !word.startsWith('-')));
      return {};
    };
  // As configured: without our lines the image is what it was.
  const make = (path: string, version: string) => {
    const wanted = read('/etc/dracut.conf.d/50-quiesced-hyperv.conf') + read('/etc/initramfs-tools/modules');
    const present = read(path.replace('.quiesced-new', ''));
    writeFileSync(at(path), wanted.includes('hv_storvsc') ? imageOf({ ...kernel, version }) : present, 'latin1');
  };
  // Each word of GRUB_CMDLINE_LINUX, as the shell that reads the files would have it in the end.
  const mkconfig = does(([made = '']) => {
    const defaults = `${read('/etc/default/grub')}\n${read('/etc/default/grub.d/50-quiesced-serial.cfg')}`;
    const values = [...defaults.matchAll(/^GRUB_CMDLINE_LINUX="(?:\$GRUB_CMDLINE_LINUX)?(.*)"$/gm)].map(
      ([, value]) => value,
    );
    const config = read(made.replace('.quiesced-new', '')).replaceAll(/ ?console=\S+/g, '');
    writeFileSync(at(made), config.replaceAll(/^(\tlinux\t.*)$/gm, `$1 ${values.join(' ')}`));
  });
  return {
    cp: does(([from, to]) => {
      rmSync(at(to), { force: true });
      linkSync(at(from), at(to));
    }),
    mv: does(([from, to]) => renameSync(at(from), at(to))),
    sync: {},
    'run-parts': {},
    dracut: does(([path = '', version = '']) => make(path, version)),
    mkinitramfs: does(([path = '', version = '']) => make(path, version)),
    '/usr/lib/quiesced/bin/node': async ([, , , made = '', present = '', version = '', to]) => {
      const fault = await faultOfNewImage(system, {
        made,
        present,
        version,
        restoringTo: to === 'azure' ? to : undefined,
      });
      return fault === undefined ? {} : { exitCode: 1, stderr: fault.what };
    },
    '/usr/sbin/grub-mkconfig': mkconfig,
    '/usr/sbin/grub2-mkconfig': mkconfig,
    findmnt: { stdout: 'Success, no errors or warnings detected\n' },
  };
}

export const partsOf = (system: FakeSystem, busy?: string): RepairParts => ({
  system,
  facts: FACTS,
  self: ['/usr/lib/quiesced/bin/node', '/usr/lib/quiesced/main.js'],
  backupUnderWay: async () => busy,
});

const CHECKS: readonly Check[] = [...restoreChecks, addressByDhcp];

/** What is not in order, as `id verdict`. */
export async function troubles(system: FakeSystem): Promise<readonly string[]> {
  const findings = await runChecks(system, CHECKS, { facts: FACTS, restoringTo: 'azure' });
  return findings
    .filter(({ verdict }) => !['pass', 'info', 'skip'].includes(verdict))
    .map(({ id, verdict, detail }) => `${id} ${verdict}: ${detail}`);
}

/** What a repair may leave and make: the images and menus are made by programs, and compared by the checks. */
const MADE = /^boot\/(init|grub2?\/grub\.cfg)/;

export const textsOf = (system: FakeSystem): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(filesOf(system)).filter(([path]) => !MADE.test(path)));
