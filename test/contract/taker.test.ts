import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { localSystem } from '../../agent/system/local.ts';
import { commandTaker } from '../../agent/takers/command.ts';
import { holdTaker } from '../../agent/takers/hold.ts';
import { noneTaker } from '../../agent/takers/none.ts';
import { sandboxTaker } from '../../agent/takers/sandbox.ts';
import type { Taker } from '../../agent/takers/taker.ts';
import type { Fate } from '../fakes/vss.ts';
import { vssRig } from '../unit/takers/vss-rig.ts';
import { takerContract } from './taker.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-taker-'));
t.teardown(() => rmSync(folder, { recursive: true, force: true }));
const nothing = async (): Promise<readonly string[]> => [];

takerContract({ name: 'none', working: async () => ({ taker: noneTaker, snapshot: undefined }), leftovers: nothing });

takerContract({
  name: 'hold',
  working: async () => {
    const taker = holdTaker();
    setTimeout(() => taker.release(), 20);
    return { taker, snapshot: undefined };
  },
  unready: async () => holdTaker(() => Promise.reject(new Error('somebody listens there'))),
  endless: async () => holdTaker(),
  leftovers: nothing,
});

const OK = `echo '{"ok":true,"snapshot":"snap-1"}'`;
const REST = 'while read -r line; do :; done';

async function command(text: string): Promise<Taker> {
  const program = join(folder, randomUUID());
  writeFileSync(program, `#!/bin/sh\n${text}\n`);
  chmodSync(program, 0o700);
  return commandTaker(localSystem(), [program]);
}

takerContract({
  name: 'command',
  working: async () => ({ taker: await command(`read -r line\n${OK}\n${REST}`), snapshot: 'snap-1' }),
  unready: async () => commandTaker(localSystem(), [join(folder, 'missing')]),
  failing: () => command(`read -r line\necho '{"ok":false,"error":"no"}'\n${REST}`),
  // It has answered before it was asked: that is none.
  endless: async () => {
    const answered = join(folder, randomUUID());
    const taker = await command(`${OK}\n: >${answered}\n(cd ${folder}; exec sleep 600) &\n${REST}`);
    const prepare = async (signal: AbortSignal) => {
      await taker.prepare(signal);
      while (!existsSync(answered)) await sleep(20);
      // It is in the pipe: to be read it takes a turn or two.
      await sleep(100);
    };
    return { ...taker, prepare };
  },
  leftovers: processes,
});

/** Whoever was started from our folder, and what it started. */
async function processes(): Promise<readonly string[]> {
  // The kernel takes a moment to end what was killed.
  for (let tries = 0; tries < 1000 && running().length > 0; tries += 1) await sleep(20);
  return running();
}

const running = (): readonly string[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `${textOf(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')} in ${linkOf(`/proc/${pid}/cwd`)}`)
    .filter((line) => line.includes(folder));

const images = (...names: readonly string[]) =>
  sandboxTaker({
    folder,
    images: names.map((name) => ({ image: join(folder, name), copy: join(folder, `${name}.copy`) })),
  });

takerContract({
  name: 'sandbox',
  working: async () => {
    for (const name of ['a', 'b']) writeFileSync(join(folder, name), 'data');
    return { taker: images('a', 'b'), snapshot: folder };
  },
  unready: async () => {
    writeFileSync(join(folder, 'a'), 'data');
    return images('a', 'missing');
  },
  failing: async () => {
    writeFileSync(join(folder, 'shrinks'), 'data');
    const taker = images('shrinks');
    const prepare = async (signal: AbortSignal) => {
      await taker.prepare(signal);
      truncateSync(join(folder, 'shrinks'), 0);
    };
    return { ...taker, prepare };
  },
  leftovers: openFiles,
});

/** With `keep` 0 all of it is given back. */
let shadows: ReadonlySet<string> = new Set();
async function shadowTaker(fate: Fate): Promise<Taker> {
  const rig = vssRig(t);
  rig.vss.fate = fate;
  shadows = rig.vss.sets;
  return rig.taker({ keep: 0 });
}

takerContract({
  name: 'vss',
  // What names it is another each time.
  working: async () => {
    const taker = await shadowTaker('made');
    const take: Taker['take'] = async (signal, holding) => {
      const { snapshot = '' } = await taker.take(signal, holding);
      return { snapshot: `${snapshot.split('{').length - 1} ids` };
    };
    return { taker: { ...taker, take }, snapshot: '3 ids' };
  },
  unready: async () => vssRig(t, { volumes: [] }).taker(),
  failing: () => shadowTaker('fails'),
  endless: () => shadowTaker('made late'),
  leftovers: async () => [...shadows],
});

async function openFiles(): Promise<readonly string[]> {
  return readdirSync('/proc/self/fd')
    .map((fd) => linkOf(`/proc/self/fd/${fd}`))
    .filter((path) => path.startsWith(folder));
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
