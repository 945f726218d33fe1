import { closeSync, mkdirSync, openSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { backupUnderWay } from '../../agent/backup-under-way.ts';
import { SAFE_FREEZE_FOLDER } from '../../agent/freezer/safe-freeze-lock.ts';
import { localSystem } from '../../agent/system/local.ts';
import { loadLibc } from '../../agent/system/native.ts';
import { fakeSystem } from '../fakes/system.ts';
import { status } from './checks/agent-files.ts';

const FOLDER = 'Microsoft.Azure.RecoveryServices.VMSnapshotLinux-1.0.9200.0';
const NOW = new Date('2026-11-21T12:00:00Z');

function machine(t: Test, files: Readonly<Record<string, string>>, minutesOld = 0) {
  const system = fakeSystem({ files, now: NOW });
  t.teardown(system.cleanUp);
  const at = new Date(NOW.getTime() - minutesOld * 60_000);
  for (const path of Object.keys(files)) utimesSync(join(system.root, path), at, at);
  return system;
}

t.test('the backup extension is at work, or has died over it', async (t) => {
  const at = (folder: string) => `${folder}/${FOLDER}/status/7.status`;
  const lib = '/var/lib/waagent';
  const cases: readonly (readonly [Readonly<Record<string, string>>, number, RegExp | undefined])[] = [
    [{}, 0, undefined],
    [{ [at(lib)]: status('4') }, 3, /^VMSnapshotLinux 1\.0\.9200\.0 has been at work for 3 min$/],
    [{ [at(lib)]: status('4') }, 139, /139 min/],
    [{ [at(lib)]: status('4') }, 141, undefined],
    [{ [at(lib)]: status('1') }, 3, undefined],
    [{ [at(lib)]: status('121') }, 3, undefined],
    [{ [at('/opt/lib')]: status('4'), '/etc/waagent.conf': 'Lib.Dir=/opt/lib\n' }, 3, /at work for 3 min/],
    [{ [at('/opt/lib')]: status('4'), '/usr/share/oem/waagent.conf': 'Lib.Dir=/opt/lib\n' }, 3, /at work/],
  ];
  for (const [files, minutesOld, wanted] of cases) {
    const found = await backupUnderWay(machine(t, files, minutesOld));
    if (wanted === undefined) t.equal(found, undefined, JSON.stringify(Object.keys(files)));
    else t.match(found, wanted);
  }
});

t.test('something of ours is owed', async (t) => {
  const run = { id: 'run-1', kind: 'snapshot', taker: 'none', startedAt: '2026-11-21T11:00:00.000Z' };
  const owed = JSON.stringify({ schema: 1, runs: [{ bootId: 'b', run, phases: {} }] });
  const system = machine(t, { '/var/lib/quiesced/owed.json': owed });
  t.match(await backupUnderWay(system), /^the snapshot of 2026-11-21T11:00.* still owes something/);
});

t.test('somebody freezes right now', { skip: process.platform !== 'linux' }, async (t) => {
  const system = machine(t, {});
  const folder = join(system.root, SAFE_FREEZE_FOLDER);
  mkdirSync(folder, { recursive: true });
  const fd = openSync(join(folder, 'SafeFreezeLockFile'), 'a+');
  const { errno } = (await loadLibc()).lockRecord(fd);
  t.equal(errno, 0);
  // Who holds it is asked of the running kernel.
  const live = localSystem({ root: system.root, live: true, env: {} });
  t.match(await backupUnderWay(live), new RegExp(`\\(process ${process.pid}\\) freezes file systems$`));
  closeSync(fd);
  t.equal(await backupUnderWay(live), undefined);
});
