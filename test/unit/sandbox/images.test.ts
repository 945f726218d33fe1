import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { createSandbox, removeSandbox, SANDBOX_BASE } from '../../../agent/sandbox/images.ts';
import { parseMounts } from '../../../agent/sandbox/loops.ts';
import { type FakeProgram, type FakeSystemOptions, fakeSystem } from '../../fakes/system.ts';

const signal = new AbortController().signal;
const done: FakeProgram = {};

/** A machine on which mktemp makes a folder and nothing else really happens. */
function machine(t: Test, programs: Readonly<Record<string, FakeProgram>>, more: FakeSystemOptions = {}) {
  const system = fakeSystem({
    files: { '/dev/loop-control': '', '/proc/self/mountinfo': '' },
    programs: {
      mktemp: async ([, , template]) => {
        const folder = String(template).replace('XXXXXXXXXX', 'aaaaaaaaaa');
        mkdirSync(folder, { recursive: true });
        return { stdout: `${folder}\n` };
      },
      realpath: async (argv) => ({ stdout: `${argv.at(-1)}\n` }),
      truncate: done,
      rm: done,
      ...programs,
    },
    ...more,
  });
  t.teardown(system.cleanUp);
  return system;
}

t.test('who is not root, and a machine without loop devices, are told so before anything is made', async (t) => {
  const user = machine(t, {}, { privileged: false });
  await t.rejects(createSandbox(user, ['ext4'], signal), { code: 'sandbox.not-root', remedy: /sudo/ });
  const bare = fakeSystem();
  t.teardown(bare.cleanUp);
  await t.rejects(createSandbox(bare, ['ext4'], signal), { code: 'sandbox.no-loop', remedy: /modprobe loop/ });
  t.strictSame([...user.ran, ...bare.ran], []);
});

for (const [type, from] of [
  ['ext4', 'e2fsprogs'],
  ['xfs', 'xfsprogs'],
  ['btrfs', 'btrfs-progs'],
] as const) {
  t.test(`a missing mkfs.${type} names its package, and what was made is removed`, async (t) => {
    const system = machine(t, {});
    await t.rejects(createSandbox(system, [type], signal), {
      code: 'sandbox.no-program',
      message: `mkfs.${type} is not installed`,
      remedy: new RegExp(`apt install ${from}`),
    });
    t.match(system.ran.at(-1), ['rm', '-rf', '--one-file-system', '--']);
  });
}

t.test('a mount that is refused says what mount said', async (t) => {
  const system = machine(t, { 'mkfs.ext4': done, mount: { exitCode: 32, stderr: 'unknown filesystem type\n' } });
  await t.rejects(createSandbox(system, ['ext4'], signal), {
    code: 'sandbox.mount',
    message: /unknown filesystem type/,
  });
  t.equal(system.ran.at(-1)?.[0], 'rm');
});

t.test('an abort ends it, and what was made is removed', async (t) => {
  const control = new AbortController();
  const system = machine(t, {
    'mkfs.ext4': async () => {
      control.abort(new Error('enough'));
      return { ended: 'signalled' };
    },
  });
  await t.rejects(createSandbox(system, ['ext4'], control.signal), { message: 'enough' });
  t.equal(system.ran.at(-1)?.[0], 'rm');
});

t.test('only a sandbox is removed as one', async (t) => {
  const system = machine(t, {});
  await t.rejects(removeSandbox(system, '/var/lib/mysql'), { message: /not a sandbox/ });
  t.strictSame(system.ran, []);
});

t.test('a mount of somebody else in it keeps it', async (t) => {
  const folder = join(SANDBOX_BASE, 'quiesced-sandbox-x');
  const mountinfo = `9 1 0:50 / ${folder}/root rw - tmpfs tmpfs rw\n`;
  const system = machine(t, {}, { files: { '/proc/self/mountinfo': mountinfo } });
  await t.rejects(removeSandbox(system, folder), { code: 'sandbox.foreign-mount', remedy: /umount/ });
  t.strictSame(system.ran, []);
});

t.test('mountinfo is read with its optional fields and its escapes', async (t) => {
  const table = [
    '42 27 7:8 / /var/tmp/a\\040b rw,relatime shared:1 master:2 - ext4 /dev/loop8 rw',
    '43 27 0:42 / /mnt rw - btrfs /dev/loop9 rw,subvol=/',
    '',
  ].join('\n');
  t.strictSame(parseMounts(table), [
    { id: '7:8', mountPoint: '/var/tmp/a b', device: '/dev/loop8' },
    { id: '0:42', mountPoint: '/mnt', device: '/dev/loop9' },
  ]);
});
