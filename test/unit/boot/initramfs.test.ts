import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import t, { type Test } from 'tap';
import { readInitramfs } from '../../../agent/boot/initramfs.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { archiveOf, MICROCODE, modulePaths } from '../../fixtures/initramfs.ts';

const KERNEL = '6.1.0-18-amd64';
const PATH = '/boot/initrd.img';

/** What is read of an image of these bytes. */
async function reading(t: Test, bytes: string | Buffer) {
  const system = fakeSystem();
  t.teardown(system.cleanUp);
  mkdirSync(join(system.root, 'boot'));
  writeFileSync(join(system.root, PATH), bytes);
  return readInitramfs(system, PATH, KERNEL);
}

async function names(t: Test, bytes: string | Buffer): Promise<readonly string[] | string> {
  const read = await reading(t, bytes);
  return read.state === 'read' ? [...read.modules].sort() : read.why;
}

const NAMES = ['bin', 'init', ...modulePaths(KERNEL, ['hv_vmbus', 'net/hyperv/hv-netvsc']), 'etc/modprobe.d'];
const ARCHIVE = archiveOf(NAMES);
const FOUND = ['hv_netvsc', 'hv_vmbus'];

/** Programs that this machine may lack are named, so that nobody takes it for tested. */
const by = (t: Test, argv: readonly [string, ...string[]]): Buffer | undefined => {
  const [file, ...args] = argv;
  if (spawnSync(file, ['--version']).error !== undefined) t.comment(`NOT TESTED: there is no ${file} here`);
  else return execFileSync(file, args, { input: ARCHIVE });
  return undefined;
};

t.test('every compression that images have', async (t) => {
  t.strictSame(await names(t, ARCHIVE), FOUND, 'none');
  t.strictSame(await names(t, gzipSync(ARCHIVE)), FOUND, 'gzip');
  t.strictSame(await names(t, zstdCompressSync(ARCHIVE)), FOUND, 'zstd');
  for (const argv of [
    ['xz', '--check=crc32', '-c'],
    ['xz', '--format=lzma', '-c'],
    ['lz4', '-l', '-c'],
    ['bzip2', '-c'],
    ['lzop', '-c'],
  ] as const) {
    const bytes = by(t, [...argv]);
    if (bytes !== undefined) t.strictSame(await names(t, bytes), FOUND, argv.join(' '));
  }
});

t.test('a name that no file can have is not kept', async (t) => {
  const longest = 'x'.repeat(252);
  t.strictSame(await names(t, archiveOf(modulePaths(KERNEL, [longest, `x${longest}`]))), [longest]);
});

t.test('archives one behind the other, padded or not', async (t) => {
  const early = Buffer.from(MICROCODE);
  const zeros = Buffer.alloc(2048);
  t.strictSame(await names(t, Buffer.concat([early, gzipSync(ARCHIVE)])), FOUND, 'microcode in front');
  t.strictSame(await names(t, Buffer.concat([early, zeros, zstdCompressSync(ARCHIVE)])), FOUND, 'with zeros between');
  const uncompressed = Buffer.from(archiveOf(modulePaths(KERNEL, ['nvme'])));
  t.strictSame(
    await names(t, Buffer.concat([early, zeros, uncompressed, zeros, zstdCompressSync(ARCHIVE)])),
    [...FOUND, 'nvme'],
    "Ubuntu's: modules as they are, the rest compressed",
  );
  t.strictSame(await names(t, gzipSync(Buffer.concat([early, zeros, Buffer.from(ARCHIVE), zeros]))), FOUND, 'within');
});

t.test('modules of this kernel alone, with their own compression, in all places', async (t) => {
  const paths = [
    ...modulePaths('5.10.0', ['virtio']),
    ...modulePaths(KERNEL, ['hv-a'], '.ko.xz', 'lib/modules'),
    ...modulePaths(KERNEL, ['b'], '.ko.zst'),
    ...modulePaths(KERNEL, ['c'], '.ko.gz', './usr/lib/modules'),
    `lib/modules/${KERNEL}/modules.dep`,
    `lib/modules/${KERNEL}/x.ko.d`,
    'lib/firmware/d.ko',
  ];
  t.strictSame(await names(t, archiveOf(paths)), ['b', 'c', 'hv_a']);
  const packed = await reading(t, archiveOf(['squashfs-root.img', 'init']));
  t.match(packed, { state: 'read', packed: 'squashfs-root.img' });
});

t.test('what the kernel would not unpack is said, and never taken for an empty one', async (t) => {
  for (const [why, bytes] of [
    [/empty/, ''],
    [/empty/, Buffer.alloc(4096)],
    [/neither an archive/, 'hello'],
    [/neither an archive/, `${ARCHIVE}rubbish`],
    [/ends within/, ARCHIVE.slice(0, 200)],
    [/ends within/, archiveOf(NAMES, false)],
    [/no archive header/, ARCHIVE.replace(/070701(?=.{104}init)/, '070707')],
    [/broken number/, `070701${'z'.repeat(104)}`],
    [/a name of 4294967295 bytes/, `070701${'f'.repeat(104)}`],
    [/unexpected end/, gzipSync(ARCHIVE).subarray(0, 60)],
    [/./, Buffer.concat([zstdCompressSync(ARCHIVE).subarray(0, 40), Buffer.alloc(40, 7)])],
    [/neither an archive/, gzipSync(gzipSync(ARCHIVE))],
  ] as const) {
    t.match(await names(t, bytes), why);
  }
  const nothing = fakeSystem();
  t.teardown(nothing.cleanUp);
  t.match(await readInitramfs(nothing, PATH, KERNEL), { state: 'unreadable', why: /no regular file/ });
  const xz = by(t, ['xz', '-c']);
  if (xz !== undefined) t.match(await names(t, xz.subarray(0, 80)), /xz ended with 1: .*nexpected end/);
});

t.test('a small file that unpacks to half a gigabyte keeps the memory of this process small', async (t) => {
  // One file of zeros, in half a megabyte; what is in it is passed over.
  const size = 512 * 1024 ** 2;
  const header = archiveOf(['big'], false).slice(0, 112).split('');
  header.splice(6 + 8 * 6, 8, ...size.toString(16).padStart(8, '0'));
  const chunk = gzipSync(Buffer.alloc(64 * 1024 ** 2));
  const start = gzipSync(Buffer.from(header.join('').padEnd(116, '\0')));
  const before = process.memoryUsage().rss;
  const bytes = Buffer.concat([start, ...Array.from({ length: 8 }, () => chunk), gzipSync(Buffer.from(ARCHIVE))]);
  t.ok(bytes.length < 1_000_000, `${bytes.length} bytes`);
  t.strictSame(await names(t, bytes), FOUND, 'the archive behind it is found');
  const grown = process.memoryUsage().rss - before;
  t.ok(grown < 300 * 1024 ** 2, `${Math.round(grown / 1024 ** 2)} MiB more`);
});
