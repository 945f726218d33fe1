/** The handler of the VM extension, killed wherever a kill can fall. */
import { azureRig } from '../system/azure-rig.ts';
import { allFaultPoints } from '../system/fault-points.ts';
import { loopTest } from '../system/loop.ts';

/** Each step that a kill can fall on, in `enable` and in the process that does the job. */
const STEPS = allFaultPoints().flatMap(({ name, file }) => (file.startsWith('extensions/azure/') ? [name] : []));

loopTest('killed at any step: the next call brings it to an end, and takes no snapshot twice', async (t, rig) => {
  t.ok(STEPS.length >= 10, `${STEPS.length} steps`);
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
