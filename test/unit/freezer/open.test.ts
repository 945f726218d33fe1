import { closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { type FileSystem, readFileSystems } from '../../../agent/freezer/mounts.ts';
import { deviceLookup, openOn } from '../../../agent/freezer/open.ts';
import { localSystem } from '../../../agent/system/local.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
t.teardown(() => rmSync(folder, { recursive: true }));

/** The file system that a path is on, by what the kernel says of its descriptor. */
function deviceOfPath(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return deviceLookup()(fd) ?? '';
  } finally {
    closeSync(fd);
  }
}

function linkOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return ''; // The one that the folder was read through.
  }
}

const openFiles = (): number => readdirSync('/proc/self/fd').length;

t.test('the kernel knows the file system of a descriptor as the table of mounts does', async (t) => {
  const all = await readFileSystems(localSystem({ env: {} }));
  const seen = (type: string) => all.find((each: FileSystem) => each.type === type && !each.hidden);
  for (const type of ['proc', 'sysfs', 'tmpfs']) {
    const found = seen(type);
    if (found !== undefined) t.equal(deviceOfPath(found.mountPoint), found.id, `${type} at ${found.mountPoint}`);
  }
});

t.test('a descriptor without a mount has no file system', async (t) => {
  // Every Node has some: their mount is the kernel's own and in nobody's table.
  const fds = readdirSync('/proc/self/fd').filter((fd) => linkOf(fd).startsWith('anon_inode:'));
  t.ok(fds.length > 0);
  for (const fd of fds) t.equal(deviceLookup()(Number(fd)), undefined, linkOf(fd));
});

t.test('opens a file system by whichever of its mount points still shows it', async (t) => {
  const id = deviceOfPath(folder);
  const before = openFiles();
  const fd = openOn({ id, mountPoints: [join(folder, 'gone'), '/proc', folder] }, deviceLookup());
  t.equal(deviceLookup()(fd), id);
  closeSync(fd);
  t.equal(openFiles(), before, 'what it tried in vain is closed');
});

t.test('opens none that shows another file system now', async (t) => {
  const before = openFiles();
  const id = deviceOfPath(folder);
  t.throws(() => openOn({ id, mountPoints: ['/proc'] }, deviceLookup()), /\/proc shows another file system now/);
  t.throws(() => openOn({ id, mountPoints: [join(folder, 'gone')] }, deviceLookup()), /ENOENT/);
  t.throws(() => openOn({ id, mountPoints: [] }, deviceLookup()), /no mount point/);
  t.equal(openFiles(), before);
});
