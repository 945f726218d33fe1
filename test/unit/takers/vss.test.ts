import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { volumesHolding } from '../../../agent/system/windows-volumes.ts';
import { readKept } from '../../../agent/takers/vss/kept.ts';
import { vssTaker } from '../../../agent/takers/vss/vss.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { type FakeVss, guid } from '../../fakes/vss.ts';
import { C, DATA, E_NAME, never, vssRig } from './vss-rig.ts';

const FAILED = (name: string, id: string) =>
  `Writer name: '${name}'\r\n   Writer Id: ${id}\r\n   Writer Instance Id: ${guid()}\r\n   State: [9] Failed\r\n`;
const SQL = '{a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}';
const STABLE = (name: string, id: string) => FAILED(name, id).replace('[9] Failed', '[1] Stable');

const folderOf = ({ told }: FakeVss): string | undefined =>
  /^SET METADATA (.*)\\metadata\.cab$/.exec(told[0]?.[2] ?? '')?.[1];

t.test('a copy of all volumes, and what names it', async (t) => {
  const { vss, owed, taker, system } = vssRig(t);
  const one = taker();
  await one.prepare(never);
  t.strictSame(vss.told, [], 'nothing is done before it is to be taken');
  const { snapshot = '', held } = await one.take(never, { faults: [] });
  const [session = []] = vss.told;
  const folder = folderOf(vss) ?? '';
  t.match(folder, /^C:\\ProgramData\\quiesced\\run\\vss-[0-9a-f]{8}$/);
  t.strictSame(session, [
    'SET VERBOSE OFF',
    'SET CONTEXT PERSISTENT',
    `SET METADATA ${folder}\\metadata.cab`,
    'ADD VOLUME C: ALIAS QUIESCED_1',
    `ADD VOLUME ${E_NAME} ALIAS QUIESCED_2`,
    'CREATE',
  ]);
  t.match(snapshot, /^\{[0-9a-f-]{36}\} C:\\=\{[0-9a-f-]{36}\} E:\\my data\\=\{[0-9a-f-]{36}\}$/);
  t.strictSame(held, { volumes: ['C:\\', 'E:\\my data\\'], left: [] });
  const set = snapshot.split(' ')[0];
  t.strictSame(
    owed,
    [
      { what: { folder }, sessions: 0 },
      { what: { folder, set }, sessions: 1 },
    ],
    'on record before diskshadow is started, and with its id as soon as that is known',
  );
  t.ok(await system.readText(`${folder}\\create.dsh`));
  await one.finish({ consistency: 'application', snapshot }, never);
  t.strictSame(owed.at(-1), { what: undefined, sessions: 1 });
  t.strictSame([...vss.sets], [set], 'it stays');
  t.match(await readKept(system), [{ set, consistency: 'application' }]);
  for (const name of ['create.dsh', 'create.log']) t.equal(await system.readText(`${folder}\\${name}`), undefined);
  t.equal(await system.stat(folder), undefined, 'and nothing else of it');
});

t.test('a full backup is begun before the volumes are named, and ended', async (t) => {
  const { vss, take } = vssRig(t);
  await take({ backupType: 'full' });
  t.match(vss.told[0]?.[3], 'BEGIN BACKUP');
  t.strictSame(vss.told[0]?.slice(-2), ['CREATE', 'END BACKUP']);
});

t.test('where it cannot be done at all', async (t) => {
  const client = vssRig(t, { files: {} });
  await t.rejects(client.taker().prepare(never), { code: 'vss.no-diskshadow', remedy: /hold --no-freeze/ });
  const linux = fakeSystem();
  t.teardown(() => linux.cleanUp());
  const wishes = { volumes: [], backupType: 'copy', keep: 1, required: false } as const;
  await t.rejects(vssTaker(linux, wishes).prepare(never), { code: 'vss.windows' });
  const { taker, vss } = vssRig(t, { volumes: [{ ...C, fileSystem: 'FAT32' }] });
  await t.rejects(taker().prepare(never), { code: 'vss.volume' });
  t.strictSame(vss.told, []);
});

t.test('which volumes', async (t) => {
  const volumes = [
    C,
    DATA,
    { ...C, path: 'D:\\' },
    { ...C, path: 'F:\\', fileSystem: 'exFAT' },
    { ...C, path: 'G:\\', locked: true, fileSystem: undefined },
    { ...C, path: 'H:\\', fileSystem: 'ReFS' },
    { ...C, path: undefined },
  ];
  const rig = vssRig(t, {
    volumes,
    files: { 'C:\\Windows\\System32\\diskshadow.exe': '', 'D:\\DATALOSS_WARNING_README.txt': '' },
  });
  const heldBy = async (named: readonly string[]) => {
    const one = rig.taker({ volumes: named });
    await one.prepare(never);
    return (await one.take(never, { faults: [] })).held;
  };
  t.strictSame(await heldBy([]), {
    volumes: ['C:\\', 'E:\\my data\\', 'H:\\'],
    left: [
      { mountPoint: 'D:\\', type: 'NTFS', reason: "Azure's temporary disk: not kept by the host either" },
      { mountPoint: 'F:\\', type: 'exFAT', reason: 'exFAT has no shadow copies' },
      { mountPoint: 'G:\\', type: 'unknown', reason: 'BitLocker keeps it locked' },
    ],
  });
  t.strictSame((await heldBy(['e:\\MY data', 'D:']))?.volumes, ['E:\\my data\\', 'D:\\'], 'in any case and form');
  await t.rejects(heldBy(['C:', 'Z:']), { code: 'vss.no-volume', message: /^Z:/, remedy: /C:\\, E:\\my data\\/ });
  await t.rejects(heldBy(['F:\\']), { code: 'vss.volume', message: /F:\\: exFAT/ });
});

t.test('a volume that is mounted in several places', async (t) => {
  const volumes = [C, { ...DATA, path: 'E:\\', alsoAt: ['C:\\mnt\\e\\'] }];
  const { taker } = vssRig(t, { volumes });
  const heldBy = async (named: string) => {
    const one = taker({ volumes: [named] });
    await one.prepare(never);
    return (await one.take(never, { faults: [] })).held;
  };
  const reason = 'not named for the shadow copy';
  t.strictSame(await heldBy('c:\\mnt\\e'), {
    volumes: ['E:\\', 'C:\\mnt\\e\\'],
    left: [{ mountPoint: 'C:\\', type: 'NTFS', reason }],
  });
  t.strictSame(await heldBy('C:'), {
    volumes: ['C:\\'],
    left: ['E:\\', 'C:\\mnt\\e\\'].map((mountPoint) => ({ mountPoint, type: 'NTFS', reason })),
  });
  t.strictSame(volumesHolding(volumes, ['C:\\mnt\\e\\pg', 'c:\\mnt']), ['E:\\', 'C:\\']);
});

t.test('writers that fail are told, with the service to restart', async (t) => {
  const { vss, taker } = vssRig(t);
  vss.writers.splice(0, 1, STABLE('SqlServerWriter', SQL), FAILED('SqlServerWriter', SQL));
  const one = taker();
  await one.prepare(never);
  await one.take(never, { faults: [] });
  await t.rejects(one.verify?.(never) ?? Promise.resolve(), {
    errors: [{ code: 'vss.writer-failed', message: /SqlServerWriter \[9\]/, remedy: /Restart-Service SQLWriter/ }],
  });

  const mine = STABLE('Mine', guid());
  vss.writers.splice(0, 1, `${STABLE('SqlServerWriter', SQL)}\r\n${mine}`, mine);
  await one.prepare(never);
  await t.rejects(one.verify?.(never) ?? Promise.resolve(), {
    errors: [{ code: 'vss.writer-gone', message: /SqlServerWriter/ }],
  });

  vss.writers.splice(0, 1, '');
  await t.rejects(one.verify?.(never) ?? Promise.resolve(), { errors: [{ code: 'vss.writers-unknown' }] });
});

t.test('one that has failed before ends a run that must have all of it, and no other', async (t) => {
  const { vss, taker } = vssRig(t);
  vss.writers.splice(0, 1, FAILED('SqlServerWriter', SQL));
  await t.rejects(taker({ required: true }).prepare(never), { code: 'vss.writer-failed', remedy: /SQLWriter/ });
  await t.resolves(taker().prepare(never));
  t.strictSame(vss.told, [], 'and nothing was begun');
});

t.test('what VSS says when there is none', async (t) => {
  const { vss, owed, taker, system } = vssRig(t);
  const failing = async (fate: typeof vss.fate, error: { code: string; message: RegExp; remedy?: RegExp }) => {
    vss.fate = fate;
    const one = taker();
    await one.prepare(never);
    await t.rejects(one.take(never, { faults: [] }), error, fate);
    await one.finish({ consistency: 'none' }, never);
    t.equal(owed.at(-1)?.what, undefined);
    t.strictSame(await readKept(system), []);
  };
  await failing('fails', {
    code: 'vss.not-made',
    message: /VSS_E_INSUFFICIENT_STORAGE: diskshadow ended with 4: 0x8004231f/,
    remedy: /shadowstorage/,
  });
  await failing('ends badly', { code: 'vss.not-made', message: /ended with 5/ });
  t.strictSame([...vss.sets], [], 'one that was made all the same is deleted');
  await failing('says half', { code: 'vss.not-understood', message: /not found/, remedy: /deleted again/ });
  t.strictSame([...vss.sets], [], 'the set is known');
  await failing('says nothing', { code: 'vss.not-understood', message: /not found/, remedy: /vssadmin list shadows/ });
});

t.test('one that is given up is deleted when it is made all the same', async (t) => {
  const { vss, owed, taker } = vssRig(t);
  vss.fate = 'made late';
  const one = taker();
  await one.prepare(never);
  const given = new AbortController();
  const taking = one.take(given.signal, { faults: [] });
  const reason = new Error('given up');
  setTimeout(() => given.abort(reason), 20);
  await t.rejects(taking, reason);
  await one.finish({ consistency: 'none' }, never);
  t.strictSame([...vss.sets], []);
  t.match(vss.told.at(-1)?.[0], /^DELETE SHADOWS SET/);
  t.equal(owed.at(-1)?.what, undefined);
});

t.test('what is too late puts nothing on record', async (t) => {
  const { vss, owed, taker, system } = vssRig(t);
  const one = taker();
  await one.prepare(never);
  const taken = await one.take(never, { faults: [] });
  const reason = new Error('too late');
  await t.rejects(one.finish({ consistency: 'application', ...taken }, AbortSignal.abort(reason)), reason);
  t.equal(owed.length, 2);
  t.strictSame(await readKept(system), []);
  t.equal(vss.sets.size, 1, 'it is deleted by whoever finds it on record');
});

for (const fate of ['hangs', 'deaf'] as const) {
  t.test(`one that does not end is ended, and what may be left of it stays owed: ${fate}`, async (t) => {
    const { vss, owed, taker } = vssRig(t);
    vss.fate = fate;
    const one = taker({}, 50);
    await one.prepare(never);
    const given = new AbortController();
    setTimeout(() => given.abort(new Error('too long')), 20);
    await t.rejects(one.take(given.signal, { faults: [] }), { message: 'too long' });
    await t.rejects(one.finish({ consistency: 'none' }, never), { code: 'vss.cut-short', remedy: /quiesced thaw/ });
    t.strictSame(owed.at(-1)?.what, { folder: folderOf(vss) });
    for (let tries = 0; tries < 100 && fate === 'deaf' && vss.sets.size === 0; tries += 1) await sleep(50);
    await sleep(50);
    t.equal(owed.length, 1, 'the record is not ours any more, whatever is made after that');
  });
}

t.test('one that was ended by others may have made something, and stays owed', async (t) => {
  const { vss, owed, taker } = vssRig(t);
  vss.fate = 'takes too long';
  const one = taker();
  await one.prepare(never);
  await t.rejects(one.take(never, { faults: [] }), { code: 'vss.not-made', message: /did not end by itself/ });
  await t.rejects(one.finish({ consistency: 'none' }, never), { code: 'vss.cut-short' });
  t.strictSame(owed.at(-1)?.what, { folder: folderOf(vss) });
});
