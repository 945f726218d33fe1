/** The handler of the VM extension, killed wherever a kill can fall. */
import { azureRig } from '../system/azure-rig.ts';
import { loopTest } from '../system/loop.ts';

/** Each step that a kill can fall on, in `enable` and in the process that does the job. */
const STEPS = [
  'azure-record.write.before',
  'azure-record.write.after',
  'azure-status.write.before',
  'azure-status.write.after',
  'azure-job.start.before',
  'azure-job.start.after',
  'azure-blob.write.before',
  'azure-blob.write.after',
  'azure-job.take.before',
  'azure-job.take.after',
];

loopTest('killed at any step: the next call brings it to an end, and takes no snapshot twice', async (t, rig) => {
  const azure = await azureRig(t, rig, []);
  for (const [sequence, name] of STEPS.entries()) {
    azure.settings(sequence, azure.job({ task: `task-${sequence}`, blobs: [`os${sequence}`] }));
    const { stopped } = await azure.call('enable', sequence, { name, action: 'stop' });
    t.ok(stopped, `${name}: killed there`);
    await azure.call('enable', sequence);
    const report = await azure.report(sequence);
    t.match(report, { code: /^(1|2)$/ }, `${name}: ${report?.message ?? 'no report'}`);
    const taken = azure.storage.received.filter(({ path }) => path.startsWith(`/os${sequence}?`));
    t.ok(taken.length <= 1, `${name}: ${taken.length} snapshots`);
  }
  t.strictSame(azure.leaks(), []);
});
