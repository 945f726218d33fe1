/**
 * A repair is killed before each change that it makes, and the machine loses its power in that moment: it boots from what
 * its disks hold then, the service settles what was cut off, and every file is as before or as planned. The kernel is the one
 * whose drivers are modules, with the initramfs of that moment.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { CHANGES, KILLER } from '../fixtures/killer.ts';
import type { Ran } from './lab/agent.ts';
import { DRIVERS, EDITED, FOUND, findings, INITRAMFS, initramfsOf, plantFaults, REPAIR_MS } from './lab/faulty.ts';
import { boot, type Machine, start } from './lab/machine.ts';
import { FULL_RUN, ROUNDS } from './lab/rounds.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import type { State } from './lab/states.ts';

/** Of dozens: what happens at each is a boot, which takes a minute where all of it is emulated. */
const SHORT = 2;

/** Beside the one that fstab names by its place: with them it might be in another one, and then the machine does not boot. */
const OTHER_DISKS = ['btrfs', 'lvm'] as const;
const PRELOADED = '/lab/kill-at.mts';
const PLANTED = 'planted';
const COUNT = '/lab/count';

/** What is repaired together; to make an image takes minutes at each round, so that comes last. */
interface Cut {
  readonly what: string;
  readonly ids: readonly string[];
  readonly edited: readonly string[];
}

const MODULES = '/etc/initramfs-tools/modules';
const CUTS: readonly Cut[] = [
  { what: 'files', ids: FOUND.filter((id) => id !== DRIVERS), edited: EDITED.filter((path) => path !== MODULES) },
  { what: 'initramfs', ids: [DRIVERS], edited: [MODULES] },
];

for (const cut of CUTS)
  vmTest(`a repair of ${cut.what} is cut off by a loss of power`, 'ready', (t, machine, state) =>
    cutOff(t, machine, state, cut),
  );

async function cutOff(t: Test, machine: Machine, state: State, { what, ids, edited }: Cut): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-cut-'));
  try {
    await plantFaults(machine);
    await sameOffline(t, machine, 'with faults');
    await machine.put(PRELOADED, KILLER);
    await machine.must('sync');
    await machine.save(PLANTED);
    const before = await filesOf(machine);
    const faulty = await initramfsOf(machine, join(folder, 'before.img'));

    const whole = await repair(machine, ids, `KILL_COUNT=${COUNT}`);
    t.equal(whole.code, 0, whole.output);
    const after = await filesOf(machine);
    t.ok(
      edited.every((path) => before[path] !== after[path]),
      'each file is edited',
    );
    t.equal(imageIn(before) !== imageIn(after), ids.includes(DRIVERS), 'the image is made anew with its drivers alone');
    const changes = Number(await machine.must(`cat ${COUNT}`));
    t.ok(changes > 5, `${changes} changes`);
    await sameOffline(t, machine, 'repaired');
    await machine.quit();

    const scenario = `a repair of ${what} killed before a change, the power cut, and a boot`;
    const count = FULL_RUN ? Math.min(ROUNDS, changes) : SHORT;
    await rounds(t, machine, { scenario, measured: 'from the boot until settled', count }, async (t, round) => {
      const at = Math.ceil((round * changes) / count);
      const cut = await start({ ...state, disks: machine.hardware.disks, name: PLANTED });
      try {
        const killed = await repair(cut, ids, `KILL_AT=${at}`);
        t.equal(killed.code, 128 + 9, `killed before change ${at}: ${killed.output}`);
        const left = await filesOf(cut);
        const odd = edited.filter((path) => left[path] !== before[path] && left[path] !== after[path]);
        t.strictSame(odd, [], 'each file is old or new');
        const isOld = imageIn(left) === imageIn(before);
        const initrd = isOld ? faulty : await initramfsOf(cut, join(folder, `${at}.img`));
        await cut.quit();
        const image = { ...state.image, kernel: state.image.modularKernel, initrd };
        const restarted = await boot(image, { disks: cut.hardware.disks, without: OTHER_DISKS });
        try {
          return await settles(t, restarted, { what, ids, edited }, before, after);
        } finally {
          await restarted.end();
        }
      } finally {
        await cut.end();
      }
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Asked of its own disk as a rescue machine would: the root file system alone, without what others are mounted on it. */
async function sameOffline(t: Test, machine: Machine, state: string): Promise<void> {
  const inside = await findings(machine);
  await machine.must('mount --bind / /mnt');
  const offline = [...(await findings(machine, '/mnt'))].filter(([, verdict]) => verdict !== 'skip');
  await machine.must('umount /mnt');
  t.ok(offline.length >= FOUND.length, `${state}: ${offline.length} checks need no machine that runs`);
  const within = offline.map(([id]) => [id, inside.get(id)]);
  t.strictSame(offline, within, 'the same is found on the disk as inside the machine');
}

/** The program itself, and not the command, which lets no NODE_OPTIONS through. */
const repair = (machine: Pick<Machine, 'run'>, ids: readonly string[], killing: string): Promise<Ran> => {
  const env = `QUIESCED_TEST_ROOT= KILL_CALLS=${CHANGES} ${killing}`;
  const program = `/usr/lib/quiesced/bin/node --import=${PRELOADED} /usr/lib/quiesced/quiesced.mjs`;
  return machine.run(`${env} ${program} repair --json ${ids.join(' ')}`, { timeoutMs: REPAIR_MS });
};

type Sums = Readonly<Record<string, string>>;

/** What repairs edit, and the initramfs, by their paths. */
async function filesOf(machine: Pick<Machine, 'must'>): Promise<Sums> {
  const said = await machine.must(`sha256sum ${EDITED.join(' ')} ${INITRAMFS}`);
  const lines = said.trimEnd().split('\n');
  return Object.fromEntries(lines.map((line) => line.split('  ').toReversed()));
}

const imageIn = (sums: Sums): string | undefined =>
  Object.entries(sums).find(([path]) => path.startsWith('/boot/initrd'))?.[1];

const RECORD = '/var/lib/quiesced/repair/record.json';

/** Milliseconds from the end of the boot. What was decided before the kill is made up, the rest taken back. */
async function settles(t: Test, machine: Machine, cut: Cut, before: Sums, after: Sums): Promise<number> {
  const begunMs = Date.now();
  t.equal(await machine.must('systemctl is-active quiesced'), 'active\n', 'it boots, and the service runs');
  const settled = `while grep -qsE '"underWay"|"owed":\\[\\[' ${RECORD}; do sleep 1; done`;
  await machine.must(settled, { timeoutMs: REPAIR_MS });
  const tookMs = Date.now() - begunMs;
  const now = await filesOf(machine);
  const isDone = cut.edited.some((path) => now[path] !== before[path]);
  const wanted = isDone ? after : before;
  t.strictSame(
    EDITED.filter((path) => now[path] !== wanted[path]),
    [],
    `all of it is ${isDone ? 'done' : 'as before'}`,
  );
  const verdicts = await findings(machine);
  const verdict = isDone ? /^(pass|info)$/ : /^(fail|warn)$/;
  for (const id of cut.ids) t.match(verdicts.get(id), verdict, `${id}: ${isDone ? 'in order' : 'as before'}`);
  return tookMs;
}
