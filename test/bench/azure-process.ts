/**
 * One job of Azure from its begin to its end, in a process of its own as in life: nothing of it has run before. On stdin
 * comes the job, as JSON; the answer is what was measured.
 *   azure-process.ts
 */
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { defaultConfig } from '../../agent/config/load.ts';
import { createAgent } from '../../agent/daemon.ts';
import { silentLog } from '../../agent/log.ts';
import { localSystem } from '../../agent/system/local.ts';
import { azureTaker } from '../../extensions/azure/takers/azure-taker.ts';
import { jobOf } from '../azure/rig.ts';
import type { AzureJob } from './azure-peer.ts';

const system = localSystem();
const config = await defaultConfig('linux');
const agent = await createAgent(system, silentLog, config, [
  process.execPath,
  join(import.meta.dirname, '../../agent/main.ts'),
]);
process.stdout.write(`${JSON.stringify({ ready: true })}\n`);

for await (const line of createInterface({ input: process.stdin })) {
  const { from, storage, host, ca, mounts, deadlineMs } = JSON.parse(line) as AzureJob;
  const job = jobOf({
    takeSnapshotFrom: from,
    blobSasUris: mounts.map((_, index) => `${storage}/vhds/disk-${index}.vhd?sv=2019-12-12&sr=b&sp=rwd&sig=none`),
    disks: { luns: mounts.map((_, lun) => lun), anyExcluded: false, encrypted: false, instantAccessMinutes: undefined },
  });
  const taker = azureTaker(system, config, job, { hostUrl: `${host}/`, ca });
  const run = await agent.take(
    taker,
    { mounts, applications: false, ...(deadlineMs === undefined ? {} : { deadlineMs }) },
    AbortSignal.timeout(180_000),
  );
  process.stdout.write(`${JSON.stringify(await run.ended)}\n`);
}
