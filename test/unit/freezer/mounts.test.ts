import t from 'tap';
import { type Mount, parseMountinfo, readFileSystems } from '../../../agent/freezer/mounts.ts';
import { fakeSystem } from '../../fakes/system.ts';

const USUAL: Mount = {
  id: 36,
  parent: 35,
  device: '98:0',
  root: '/mnt1',
  mountPoint: '/mnt2',
  type: 'ext3',
  source: '/dev/root',
  superOptions: ['rw', 'errors=continue'],
};

const LINES: Readonly<Record<string, readonly [line: string, mount: Partial<Mount>]>> = {
  'the example of the man page': ['36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue', {}],
  'no optional field': ['36 35 98:0 /mnt1 /mnt2 rw,noatime - ext3 /dev/root rw,errors=continue', {}],
  'many optional fields': [
    '36 35 98:0 /mnt1 /mnt2 rw shared:7 master:1 propagate_from:2 unbindable - ext3 /dev/root rw,errors=continue',
    {},
  ],
  'optional fields that no kernel has yet': [
    '36 35 98:0 /mnt1 /mnt2 rw new:-:field x=1 - ext3 /dev/root rw,errors=continue',
    {},
  ],
  'further fields at the end': ['36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw,errors=continue more fields', {}],
  'a blank in every name': [
    '36 35 98:0 /a\\040b /c\\040d rw - fuse.my\\040fs my\\040disk rw,errors=continue',
    { root: '/a b', mountPoint: '/c d', type: 'fuse.my fs', source: 'my disk' },
  ],
  'tab, line feed, backslash and hash': [
    '36 35 98:0 / /a\\011b\\012c\\134d\\043e rw - ext3 /dev/root rw,errors=continue',
    { root: '/', mountPoint: '/a\tb\nc\\d#e' },
  ],
  'a backslash that looks like an escape': [
    '36 35 98:0 / /a\\134040b rw - ext3 /dev/root rw,errors=continue',
    { root: '/', mountPoint: '/a\\040b' },
  ],
  'letters of the whole world': [
    '36 35 98:0 /ä /données/日本/🗄 rw - ext3 /dev/mapper/größe rw,errors=continue',
    { root: '/ä', mountPoint: '/données/日本/🗄', source: '/dev/mapper/größe' },
  ],
  'a folder that is called like the separator': [
    '36 35 98:0 /- /- rw - ext3 /dev/root rw,errors=continue',
    { root: '/-', mountPoint: '/-' },
  ],
  'a source without a name': ['36 35 98:0 /mnt1 /mnt2 rw - ext3  rw,errors=continue', { source: '' }],
  'no super options': ['36 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root', { superOptions: [''] }],
  'the first line of a small machine': ['1 1 0:2 / / rw - rootfs rootfs rw', { ...root(1, 1, '0:2'), type: 'rootfs' }],
  'major and minor of many digits': [
    '36 35 1048575:4294967295 /mnt1 /mnt2 rw - ext3 /dev/root rw,errors=continue',
    { device: '1048575:4294967295' },
  ],
};

function root(id: number, parent: number, device: string): Partial<Mount> {
  return { id, parent, device, root: '/', mountPoint: '/', source: 'rootfs', superOptions: ['rw'] };
}

for (const [name, [line, differs]] of Object.entries(LINES)) {
  t.test(name, async (t) => {
    t.strictSame(parseMountinfo(line), [{ ...USUAL, ...differs }]);
    t.strictSame(parseMountinfo(`${line}\n`), [{ ...USUAL, ...differs }], 'the same with its end');
  });
}

const GARBAGE: Readonly<Record<string, string>> = {
  nothing: '',
  'empty lines': '\n\n\n',
  blanks: '      ',
  'no separator': '36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 ext3 /dev/root rw',
  'a separator too early': '36 35 98:0 - /mnt2 rw ext3 /dev/root rw',
  'no options of the mount': '36 35 98:0 /mnt1 /mnt2 - ext3 /dev/root rw',
  'a device that is none': '36 35 98 /mnt1 /mnt2 rw - ext3 /dev/root rw',
  'an id that is none': 'x 35 98:0 /mnt1 /mnt2 rw - ext3 /dev/root rw',
  'cut in the middle': '36 35 98:0 /mnt1 /m',
  'another file altogether': '/dev/vda / ext4 rw 0 0',
};

for (const [name, text] of Object.entries(GARBAGE)) {
  t.test(`garbage: ${name}`, async (t) => {
    t.strictSame(parseMountinfo(text), []);
    const [line] = LINES['no optional field'] ?? [''];
    t.strictSame(parseMountinfo(`${text}\n${line}\n${text}`), [USUAL], 'and the lines around it are read');
  });
}

t.test('of a machine, the mounts of its first process are read', async (t) => {
  const line = (source: string) => `22 1 8:1 / / rw - ext4 ${source} rw\n`;
  const files = { '/proc/1/mountinfo': line('/dev/init'), '/proc/self/mountinfo': line('/dev/self') };
  const system = fakeSystem({ files });
  t.teardown(() => system.cleanUp());
  t.equal((await readFileSystems(system))[0]?.source, '/dev/init');
  const refused = { ...system, readText: async (path: string) => (path.includes('/1/') ? fail() : line('/dev/self')) };
  t.equal((await readFileSystems(refused))[0]?.source, '/dev/self', 'or our own, where those are not for us to see');
});

t.test('a machine without /proc has no file systems', async (t) => {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  t.strictSame(await readFileSystems(system), []);
});

function fail(): never {
  throw Object.assign(new Error('EACCES'), { code: 'EACCES' });
}
