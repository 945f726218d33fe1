import type { Test } from 'tap';
import { defaultConfig } from '../../agent/config/load.ts';
import type { Config } from '../../agent/config/schema.ts';
import type { System } from '../../agent/system/system.ts';
import {
  type AzureTaker,
  type AzureTakerOptions,
  azureTaker,
  type TakeJob,
  type TakeReport,
} from '../../extensions/azure/takers/azure-taker.ts';
import { fakeSystem } from '../fakes/system.ts';

/** As the service sends it, with what a test does not care about filled in. */
export const jobOf = (wishes: Partial<TakeJob>): TakeJob => ({
  hostTaskId: '0f0f0f0f-1111-2222-3333-444444444444',
  snapshotTaskToken: 'task-token',
  metadata: [{ key: 'BackupTaskId', value: 'task 1' }],
  blobSasUris: [],
  takeSnapshotFrom: 'onlyGuest',
  disks: { luns: [0, 1, -1], anyExcluded: false, encrypted: false, instantAccessMinutes: undefined },
  hostSettings: [{ key: 'isSnapshotTtlEnabled', value: true }],
  ...wishes,
});

/** Nobody listens there: the host of machines on which the guest does it all. */
export const NO_HOST = 'http://127.0.0.1:9/';

export interface TakerWishes extends AzureTakerOptions {
  readonly job: Partial<TakeJob>;
  readonly proxy?: Partial<Config['proxy']>;
  readonly env?: System['env'];
  /** Of the machine. */
  readonly files?: Readonly<Record<string, string>>;
}

/** The taker on a machine that must not leave loopback. Its connections are closed when the test ends. */
export async function takerOf(t: Test, wishes: TakerWishes): Promise<AzureTaker> {
  const { job, proxy, env, files = {}, ...options } = wishes;
  const system = fakeSystem({ files });
  const config = await defaultConfig('linux');
  const taker = azureTaker(
    { ...system, env: { QUIESCED_TEST: '1', ...env } },
    { ...config, proxy: { ...config.proxy, ...proxy } },
    jobOf(job),
    { hostUrl: NO_HOST, ...options },
  );
  t.teardown(async () => {
    await taker.finish({ consistency: 'none' }, limit());
    system.cleanUp();
  });
  return taker;
}

/** What came of one whole take: `prepare`, `renew`, `take`, as the heart calls them. */
export interface Took {
  /** What names the snapshots; undefined when there are none. */
  readonly snapshot: string | undefined;
  readonly error: Error | undefined;
  readonly report: TakeReport;
}

export async function take(taker: AzureTaker, signal = limit()): Promise<Took> {
  try {
    await taker.prepare(limit());
    return await takeAgain(taker, signal);
  } catch (error) {
    return { snapshot: undefined, error: error as Error, report: taker.report() };
  }
}

/** In another freeze. */
export async function takeAgain(taker: AzureTaker, signal = limit()): Promise<Took> {
  try {
    await taker.renew?.(limit());
    const { snapshot } = await taker.take(signal, { faults: [] });
    return { snapshot, error: undefined, report: taker.report() };
  } catch (error) {
    return { snapshot: undefined, error: error as Error, report: taker.report() };
  }
}

export const limit = (): AbortSignal => AbortSignal.timeout(30_000);

/** Resolves once it holds; the test's own time limit is what ends the waiting. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** What is with the kernel by now is read within a turn of the loop. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setTimeout(resolve, 5));
}
