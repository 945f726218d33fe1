/** The real handler, called as the VM agent calls it, with real file systems and storage that a test plays. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { azureRig, OBLIGING, wrapped } from '../system/azure-rig.ts';
import { loopTest } from '../system/loop.ts';
import { allEnded, isFrozen, isWritable, until } from '../system/loop-observe.ts';

t.jobs = 1;

loopTest('a job: at work within its time, then its end, and never twice', async (t, rig) => {
  const disk = await rig.make('ext4');
  const azure = await azureRig(t, rig, [disk]);
  t.equal((await azure.call('install', 0)).code, 0);
  azure.settings(0, azure.job({ blobs: ['os', 'data0'] }));
  const { code, output } = await azure.call('enable', 0);
  t.strictSame([code, output], [0, ''], 'it returns, and says nothing');
  t.ok(azure.status(0), 'with a status file in place');
  t.match(await azure.report(0), { outer: 'success', status: 'success', code: '1', consistency: 1 });
  const taken = () => azure.storage.received.filter(({ path }) => path.includes('comp=snapshot'));
  t.equal(taken().length, 2);
  t.match(taken()[0]?.headers, { 'x-ms-meta-a': 'b' });
  t.ok(await until(() => azure.storage.received.some(({ path }) => path.startsWith('/log'))), 'the log was written');

  const told = azure.status(0);
  await azure.call('enable', 0);
  azure.settings(1, azure.job({ blobs: ['os', 'data0'] }));
  await azure.call('enable', 1);
  t.strictSame(azure.status(1), told, 'the same task under another number: its terminal status');
  t.equal(azure.status(0), undefined, 'and only one is there for the agent to report');
  t.equal(taken().length, 2, 'nothing was done twice');
  for (const verb of ['update', 'disable', 'uninstall']) t.equal((await azure.call(verb, 1)).code, 0, verb);
  t.strictSame(azure.leaks(), [], 'no signature is left in any file');
});

loopTest('two at once: one of them does it', async (t, rig) => {
  const azure = await azureRig(t, rig, []);
  azure.settings(3, azure.job());
  await Promise.all([azure.call('enable', 3), azure.call('enable', 3), azure.call('enable', 3)]);
  t.match(await azure.report(3), { code: '1', consistency: 3 }, 'nothing was frozen, and that is said');
  t.equal(azure.storage.received.filter(({ path }) => path.includes('comp=snapshot')).length, 1);
});

loopTest('what is missing or malformed has an end, with the key in it', async (t, rig) => {
  const azure = await azureRig(t, rig, []);
  const cases: readonly (readonly [settings: object | string, code: string, message: RegExp])[] = [
    ['', '16', /is empty/],
    ['{', '16', /is not JSON/],
    [{ runtimeSettings: [] }, '16', /runtimeSettings/],
    [wrapped({}), '11', /publicSettings\.vmType is missing/],
    [azure.job({ task: 'a', public: { objectStr: 'x' } }), '11', /publicSettings\.objectStr must be/],
    [azure.job({ task: 'b', public: { commandToExecute: 'remove' } }), '11', /commandToExecute/],
    [wrapped({ commandToExecute: 'Install', vmType: 'microsoft.compute/virtualMachines' }), '1', /Install Succeeded/],
    [wrapped({ commandToExecute: 'snapshot', vmType: 'microsoft.compute/virtualMachines' }, 'AAAA'), '16', /decrypted/],
    [azure.job({ task: 'c', public: { commandStartTimeUTCTicks: '638000000000000000' } }), '402', /140 min/],
  ];
  for (const [index, [settings, code, message]] of cases.entries()) {
    azure.settings(index, settings);
    t.equal((await azure.call('enable', index)).code, 0);
    t.match(await azure.report(index), { code, message });
  }
  t.equal((await azure.call('enable', 99)).code, 0);
  t.match(await azure.report(99), { code: '16', message: /99\.settings is missing/ });
});

loopTest('killed while it freezes: thawed, and the next call ends it', async (t, rig) => {
  const disk = await rig.make('ext4');
  const azure = await azureRig(t, rig, [disk]);
  azure.storage.behave((request) => (request.path.includes('comp=snapshot') ? 'hang' : OBLIGING(request)));
  azure.settings(0, azure.job());
  await azure.call('enable', 0);
  t.ok(await until(() => azure.storage.received.some(({ path }) => path.includes('comp=snapshot'))));
  t.ok(await isFrozen(disk.mountPoint), 'it is frozen');
  const pid = Number(JSON.parse(rig.read('root/run/quiesced/azure-job.lock')).pid);
  process.kill(pid, 'SIGKILL');
  t.ok(await isWritable(disk.mountPoint), 'the guard has thawed it');
  t.match(azure.status(0), { code: '4' });
  await azure.call('enable', 0);
  t.match(await azure.report(0), { outer: 'success', status: 'error', code: '2', message: /cut off/ });
  t.strictSame(azure.leaks(), []);
});

loopTest('the machine starts anew in the middle of a job: /run is gone, and the job has its end', async (t, rig) => {
  const azure = await azureRig(t, rig, []);
  azure.storage.behave((request) => (request.path.includes('comp=snapshot') ? 'hang' : OBLIGING(request)));
  azure.settings(5, azure.job());
  await azure.call('enable', 5);
  t.ok(await until(() => azure.storage.received.some(({ path }) => path.includes('comp=snapshot'))));
  process.kill(Number(JSON.parse(rig.read('root/run/quiesced/azure-job.lock')).pid), 'SIGKILL');
  t.ok(await allEnded(rig.root));
  rmSync(join(rig.root, 'run/quiesced'), { recursive: true });
  azure.storage.behave(OBLIGING);
  await azure.call('enable', 5);
  t.match(
    await azure.report(5),
    { status: 'error', code: '2', message: /cut off/ },
    'the settings could still be opened',
  );
  // The file is written first.
  const isTold = () =>
    azure.storage.received.some(({ path, body }) => path.startsWith('/status') && body.includes('"code":"2"'));
  t.ok(await until(isTold), 'and the blob says so too');
});

loopTest("what Microsoft's workload.conf asks for is held, or the report says why not", async (t, rig) => {
  const azure = await azureRig(t, rig, []);
  rig.put('etc/azure/workload.conf', '[workload]\nworkload_name = db2\n');
  azure.settings(0, azure.job());
  await azure.call('enable', 0);
  const report = await azure.report(0);
  t.match(report, { status: 'success', code: '1', message: /workload\.conf: \(503\).*db2 is not known/ });
});
