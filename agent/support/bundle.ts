import { join } from 'node:path';
import { nothingIsFrozen } from '../checks/filesystems-frozen.ts';
import { runChecks } from '../checks/run.ts';
import { UserError } from '../errors.ts';
import { type Facts, gatherFacts } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { allParts } from './all.ts';
import { beginArchive } from './archive.ts';
import { type Gathered, gather } from './gather.ts';
import type { Part } from './part.ts';

export interface BundleRequest {
  /** Absolute; the default is a name with host and time in the folder. */
  readonly output: { readonly file: string } | { readonly folder: string };
  readonly version: string;
  /** What only the caller can make. */
  readonly parts: readonly Part[];
  readonly signal: AbortSignal;
  readonly onPart?: (done: number, total: number) => void;
}

/** What is in a bundle, what is not, and why: `manifest.json` in it, and the answer of `support-bundle --json`. */
export interface Manifest {
  readonly schema: 1;
  readonly version: string;
  readonly node: string;
  readonly host: string;
  readonly startedAt: string;
  readonly tookMs: number;
  readonly parts: readonly {
    readonly name: string;
    readonly sizeBytes: number;
    readonly tookMs: number;
    readonly note?: string;
  }[];
  readonly leftOut: Gathered['leftOut'];
}

export interface Bundle {
  readonly path: string;
  readonly sizeBytes: number;
  readonly manifest: Manifest;
}

/**
 * Packs what somebody needs who was not there, without secrets, into one archive that only root may read. A part that
 * cannot be had is told in the manifest. Throws a `UserError`: `support.frozen` while a file system is frozen, since this
 * writes to one, and those of the archive; then no file is left.
 */
export async function makeBundle(system: System, request: BundleRequest): Promise<Bundle> {
  const startMs = system.clock.monotonicMs();
  const startedAt = system.clock.now();
  const facts = await gatherFacts(system);
  await assertNothingFrozen(system, facts);
  const host = (facts.hostname ?? 'unknown').replace(/[^\w.-]/g, '_').slice(0, 64);
  const folder = `quiesced-support-${host}-${startedAt.toISOString().replace(/[-:]|\.\d+/g, '')}`;
  const { output, signal } = request;
  const path = 'file' in output ? output.file : join(output.folder, `${folder}.tar.gz`);
  const archive = beginArchive(system, path);
  try {
    const parts = [...request.parts, ...(await allParts(system, facts))];
    const { kept, leftOut } = await gather(parts, system.clock, signal, (done) => request.onPart?.(done, parts.length));
    const manifest: Manifest = {
      schema: 1,
      version: request.version,
      node: process.version,
      host,
      startedAt: startedAt.toISOString(),
      tookMs: Math.round(system.clock.monotonicMs() - startMs),
      parts: kept.map(({ text, ...part }) => ({ ...part, sizeBytes: Buffer.byteLength(text) })),
      leftOut,
    };
    const about = { name: 'manifest.json', text: `${JSON.stringify(manifest, undefined, 2)}\n` };
    return { path, sizeBytes: await archive.finish(folder, [about, ...kept]), manifest };
  } finally {
    await archive.discard();
  }
}

/** By what is on record, and by who waits: nobody writes to find out. A record that is broken goes into the bundle. */
async function assertNothingFrozen(system: System, facts: Facts): Promise<void> {
  const [finding] = await runChecks(system, [nothingIsFrozen], { facts });
  if (finding?.verdict !== 'info' && finding?.verdict !== 'fail') return;
  throw new UserError('support.frozen', `a file system is frozen, and a bundle is written to one: ${finding.detail}`, {
    remedy: finding.remedy ?? 'Wait until it is thawed, then run the same command again. See: quiesced status',
  });
}
