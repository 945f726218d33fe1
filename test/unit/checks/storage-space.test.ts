import t from 'tap';
import { judgeNetwork, serverGroups, serverOf } from '../../../agent/checks/filesystems-network.ts';
import { inodePercent, judgeInodes, judgeSpace, spacePercent } from '../../../agent/checks/filesystems-space.ts';
import { gatherStorage, listed, localGroups, pasted } from '../../../agent/checks/storage-evidence.ts';
import type { StatfsAnswer, Usage } from '../../../agent/system/statfs.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { assert, nat, property, record } from '../../fast-check.ts';
import { mount, mounted, PLAIN, type Row, testRows } from './storage-machine.ts';

const usage = (percent: number, inodesUsed = 1): Usage => ({
  blockBytes: 4096,
  blocks: 1000,
  freeBlocks: 1000 - percent * 10,
  availableBlocks: 1000 - percent * 10,
  inodes: 100,
  freeInodes: 100 - inodesUsed,
});
const answered = (percent: number, inodesUsed?: number): StatfsAnswer => ({
  state: 'answered',
  usage: usage(percent, inodesUsed),
});
const full = (percent: number, inodes = 1) => ({
  stat: async (argv: readonly string[]) => ({
    stdout: argv
      .slice(5)
      .map((path) => `4096 1000 ${1000 - percent * 10} ${1000 - percent * 10} 100 ${100 - inodes} ${path}\n`)
      .join(''),
  }),
});
const share = (place: string, source = 'nas:/export', number = '0:50', type = 'nfs4') =>
  mount(place, { number, type, source });
const NAS = { files: mounted(mount('/'), share('/nas')) };

testRows([
  ['fs.space', 'much', 'pass', /\/ with 20 %/, { files: PLAIN, programs: full(20) }],
  ['fs.space', 'little', 'warn', /\/ 97 % full/, { files: PLAIN, programs: full(97) }],
  ['fs.space', 'none', 'fail', /\/ 98 % full/, { files: PLAIN, programs: full(98) }],
  ['fs.space', 'nobody to ask', 'skip', /no program stat/, { files: PLAIN }],
  ['fs.space', 'nothing to ask about', 'skip', /no local/, {}],
  ['fs.space', 'without the network', 'pass', /\/ with/, { files: NAS.files, programs: full(20) }],
  ['fs.inodes', 'many', 'pass', /1 %/, { files: PLAIN, programs: full(20) }],
  ['fs.inodes', 'few', 'warn', /\/ 95 %/, { files: PLAIN, programs: full(20, 95) }],
  ['fs.network', 'none', 'pass', /none/, { files: PLAIN }],
  ['fs.network', 'one that answers', 'info', /^\/nas: not part/, { ...NAS, programs: full(20) }],
  [
    'fs.network',
    'a dead one',
    'warn',
    /no answer within 2 s from \/nas/,
    { ...NAS, programs: { stat: { ended: 'timed-out', exitCode: undefined } } },
  ],
  [
    'fs.network',
    'a stale one',
    'warn',
    /\/nas \(Stale file handle\)/,
    { ...NAS, programs: { stat: { exitCode: 1, stderr: "stat: x '/nas': Stale file handle\n" } } },
  ],
  [
    'fs.network',
    'one that is not ours to see',
    'info',
    /not part/,
    { ...NAS, programs: { stat: { exitCode: 1, stderr: "stat: x '/nas': Permission denied\n" } } },
  ],
  ['fs.network', 'nobody to ask', 'skip', /no program/, NAS],
] satisfies Row[]);

t.test('which fullness matters where', async (t) => {
  for (const [path, percent, verdict] of [
    ['/', 89, 'pass'],
    ['/', 90, 'warn'],
    ['/', 98, 'fail'],
    ['/var', 98, 'fail'],
    ['/data', 100, 'warn'],
  ] as const) {
    t.equal(judgeSpace(new Map([[path, answered(percent)]])).verdict, verdict, `${path} ${percent} %`);
  }
  t.equal(judgeInodes(new Map([['/', answered(1, 94)]])).verdict, 'pass');
  t.equal(
    judgeInodes(new Map([['/', { state: 'answered', usage: { ...usage(1), inodes: 0, freeInodes: 0 } }]])).verdict,
    'skip',
  );
});

t.test('percentages are those of df', async (t) => {
  // This machine, 2026-11: df said 23 % with a large part kept for root, and 3 % of the inodes.
  const own = {
    blockBytes: 4096,
    blocks: 66053021,
    freeBlocks: 59987462,
    availableBlocks: 20532169,
    inodes: 16777216,
    freeInodes: 16305840,
  };
  t.equal(spacePercent(own), 23);
  t.equal(inodePercent(own), 3);
  const number = nat({ max: 2 ** 40 });
  const any = record({
    blockBytes: number,
    blocks: number,
    freeBlocks: number,
    availableBlocks: number,
    inodes: number,
    freeInodes: number,
  });
  assert(
    property(any, (raw) => {
      const sane = {
        ...raw,
        freeBlocks: Math.min(raw.blocks, raw.freeBlocks),
        freeInodes: Math.min(raw.inodes, raw.freeInodes),
      };
      return [spacePercent(sane), inodePercent(sane)].every(
        (percent) => percent === undefined || (percent >= 0 && percent <= 100),
      );
    }),
  );
});

t.test('whose server', async (t) => {
  for (const [source, server] of [
    ['nas:/export', 'nas'],
    ['[fe80::1]:/export', '[fe80::1]'],
    ['//files/share', 'files'],
    ['me@host:/home', 'host'],
    ['10.0.0.1:6789,10.0.0.2:6789:/', '10.0.0.1'],
    ['s3fs', '/m'],
    ['', '/m'],
  ] as const) {
    t.equal(serverOf({ source, mountPoint: '/m' }), server, source);
  }
});

const classified = async (...lines: readonly string[]) => {
  const fake = fakeSystem({ files: mounted(...lines) });
  const { fileSystems } = await gatherStorage(fake);
  fake.cleanUp();
  return fileSystems;
};

t.test('a program a server, and none for what is covered or a trigger', async (t) => {
  const all = await classified(
    mount('/'),
    share('/a', 'nas:/a', '0:51'),
    share('/b', 'nas:/b', '0:52'),
    share('/c', '//files/c', '0:53', 'cifs'),
    mount('/auto', { number: '0:54', type: 'autofs', source: '-hosts' }),
    mount('/d', { id: 70, number: '0:55', type: 'nfs', source: 'old:/d' }),
    mount('/d', { id: 71, number: '8:9' }).replace('71 1', '71 70'),
  );
  t.strictSame(serverGroups(all), [['/a', '/b'], ['/c']]);
});

t.test('a local one beneath one that may hang is asked alone', async (t) => {
  const all = await classified(
    mount('/'),
    mount('/nas', { id: 60, number: '0:50', type: 'nfs4', source: 'nas:/export' }),
    mount('/nas/disk', { id: 62, number: '8:3' }).replace('62 1', '62 60'),
    mount('/nasty', { number: '8:4' }),
    mount('/auto', { id: 61, number: '0:56', type: 'autofs', source: 'systemd-1' }),
    mount('/auto', { id: 63, number: '8:5' }).replace('63 1', '63 61'),
    mount('/ntfs', { number: '8:6', type: 'fuseblk' }),
    mount('/over', { id: 64, number: '8:20' }),
    mount('/over', { id: 65, number: '8:21' }).replace('65 1', '65 64'),
    mount('/boot/efi', { number: '8:7', type: 'vfat' }),
    mount('/run', { number: '0:57', type: 'tmpfs', source: 'tmpfs' }),
    mount('/proc', { number: '0:58', type: 'proc', source: 'proc' }),
    mount('/cd', { number: '11:0', type: 'iso9660', all: 'ro' }),
  );
  t.strictSame(localGroups(all), [['/', '/nasty', '/over', '/boot/efi', '/run'], ['/nas/disk'], ['/auto'], ['/ntfs']]);
});

t.test('what a dead server is called', async (t) => {
  const many = new Map<string, StatfsAnswer>(Array.from({ length: 20 }, (_, at) => [`/m${at}`, { state: 'silent' }]));
  many.set('/late', { state: 'not-asked', reason: 'too many' });
  const { verdict, detail, remedy } = judgeNetwork(many);
  t.equal(verdict, 'warn');
  t.match(detail, /and 15 more; 1 more were not asked/);
  t.match(remedy, /umount --force --lazy \/m0/);
});

t.test('lists are short, and paths may be pasted', async (t) => {
  t.equal(listed(['a', 'b'], 2), 'a, b');
  t.equal(listed(['a', 'b', 'c'], 2), 'a, b and 1 more');
  t.equal(pasted('/mnt/a-b_1.2'), '/mnt/a-b_1.2');
  t.equal(pasted("/mnt/it's; rm"), "'/mnt/it'\\''s; rm'");
});
