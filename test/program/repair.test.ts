import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { NO_RECORD, writeRecord } from '../../agent/system/change-record.ts';
import { localSystem } from '../../agent/system/local.ts';
import { underLock } from '../../agent/system/run-lock.ts';
import { filesOf } from '../unit/proxy/machines.ts';
import { checkTest, conforms, type Rig } from './check-rig.ts';
import { failsWhereFull } from './full-disk.ts';
import { PLANTED, plantFaults } from './repair-machine.ts';

/** Without fstab, of which a check would look for the disks on the machine that runs. */
const IDS = PLANTED.filter((id) => id !== 'boot.fstab');

const repairTest = (title: string, body: (t: Test, rig: Rig) => Promise<void>): void =>
  checkTest(title, async (t, rig) => {
    plantFaults(rig.root);
    await body(t, rig);
  });

repairTest('listed, planned, mended and undone', async (t, rig) => {
  const before = filesOf(rig);
  const json = async (...args: readonly string[]) => (await rig.run('repair', ...args, '--json')).json;

  const listed = await json();
  conforms(t, 'repairs', listed);
  const needed = listed.repairs.filter(({ needed }: { needed: boolean }) => needed);
  t.ok(PLANTED.every((id) => needed.some((each: { id: string }) => each.id === id)));
  const text = await rig.run('repair');
  t.match(text.stdout, /^To be repaired here.*\n\n {2}boot\.fstab \(also by --all-safe\)\n {6}Name disks by UUID/);
  t.match(text.stdout, /Risk: /);
  t.ok(
    text.stdout.split('\n').every((line) => line.length <= 80),
    '80 columns',
  );

  const planned = await json('--dry-run', ...IDS);
  conforms(t, 'repair', planned);
  t.match(planned, { request: 'repair', applied: false, after: [] });
  t.strictSame(filesOf(rig), before, 'nothing was done');
  const { code, json: done } = await rig.run('repair', ...IDS, '--json');
  conforms(t, 'repair', done);
  t.equal(code, 0, JSON.stringify(done?.after));
  t.strictSame({ ...done, applied: false, after: [] }, planned, 'what was shown');
  t.strictSame(
    done.after.map(({ id, verdict }: { id: string; verdict: string }) => `${id} ${verdict}`).sort(),
    IDS.map((id) => `${id} pass`).sort(),
    'and the checks say so',
  );
  t.match((await rig.run('repair', ...IDS)).stdout, /^Nothing to do: /);
  t.equal(rig.mode('/var/lib/quiesced/repair'), 0o700);

  const undone = await rig.run('repair', 'undo', '--json');
  conforms(t, 'repair', undone.json);
  t.equal(undone.code, 0);
  t.strictSame(filesOf(rig), before);
  t.match((await rig.run('repair', 'undo')).stdout, /There is nothing to undo/);
});

repairTest("fstab, tried out by mount's own tool first", async (t, rig) => {
  const { json } = await rig.run('repair', 'boot.fstab', '--json');
  conforms(t, 'repair', json);
  t.equal(
    rig.read('/etc/fstab'),
    '# by hand\nUUID=aa-09 / xfs defaults 0 0\nUUID=5f1c /data  xfs\tdefaults,nofail,x-systemd.before=local-fs.target,x-systemd.device-timeout=30s 0 2 # database\n',
  );
  t.notOk(existsSync(join(rig.root, 'run/quiesced/repair')));
});

repairTest('what is wrong is said', async (t, rig) => {
  const wrong = async (...args: readonly string[]) => {
    const { json, code } = await rig.run('repair', ...args, '--json');
    conforms(t, 'error', json);
    return `${code} ${json.error.code} ${json.error.message}`;
  };
  t.match(await wrong('boot.fstap'), /^2 usage there is no repair "boot\.fstap"; did you mean boot\.fstab\?$/);
  t.match(await wrong('undo', 'boot.fstab'), /^2 usage/);
  t.match(await wrong('--dry-run'), /^2 usage/);
  t.match(await wrong('boot.fstab', '--force'), /^2 usage/);
  t.match(await rig.runAsNobody('repair'), { code: 1, stderr: /repair is for root/ });
});

repairTest('what the guard starts for a dead process ends a repair that was cut off, too', async (t, rig) => {
  const system = localSystem({ root: rig.root, live: false, env: {} });
  const [path, folder] = ['/etc/fstab', '/var/lib/quiesced/repair'];
  const before = { kind: 'file' as const, text: rig.read(path), mode: 0o644 };
  const step = { path, before, after: { ...before, text: 'half\n' } };
  await system.write(path, 'half\n');
  const underWay = { pid: 1, steps: [step] };
  await writeRecord(system, folder, { ...NO_RECORD, underWay, owed: [['mv', '/gone', '/anywhere']] });
  // It has the lock of the dead one, and must not wait for it.
  await underLock(system, 'test', async () => t.equal((await rig.run('recover')).code, 0));
  t.equal(rig.read(path), before.text, 'put back');
  t.equal(await system.list(folder), undefined, 'and nothing is owed');
});

repairTest('a full disk: an error, and nothing lost', async (t, rig) => {
  await failsWhereFull(t, rig, {
    folders: ['etc/modprobe.d', 'var/lib/quiesced', 'boot/loader/entries'],
    command: ['repair', ...IDS],
    record: 'var/lib/quiesced/repair/record.json',
  });
});
