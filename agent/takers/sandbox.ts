import { openSparseCopy, type SparseCopy } from '../system/sparse-copy.ts';
import type { Taker } from './taker.ts';

export interface SandboxImages {
  /** Each image, and where its copy goes. Neither may be on a file system that is about to be frozen. */
  readonly images: readonly { readonly image: string; readonly copy: string }[];
  /** Names the snapshot: the folder of the copies. */
  readonly folder: string;
}

/**
 * Copies the sandbox's images while they are frozen, all in parallel, in this process. `prepare` copies them once
 * already: the code is warm then, the copies have their pages and their space, and the copy that counts overwrites
 * them.
 */
export function sandboxTaker({ images, folder }: SandboxImages): Taker {
  const copies: SparseCopy[] = [];
  let finished = false;

  return {
    id: 'sandbox',
    takes: true,
    async prepare(signal) {
      for (const { image, copy } of images) {
        signal.throwIfAborted();
        const opened = await openSparseCopy(image, copy);
        copies.push(opened);
        // A `prepare` that was given up at its deadline goes on behind our back.
        if (finished) return this.finish({ consistency: 'none' }, signal);
      }
      await runAll(copies, signal);
    },
    async take(signal) {
      if (copies.length !== images.length) throw new Error('the sandbox taker was not prepared');
      await runAll(copies, signal);
      return { snapshot: folder };
    },
    async finish() {
      finished = true;
      await Promise.all(copies.splice(0).map((copy) => copy.close()));
    },
  };
}

/** Settles when every copy has stopped, so that nothing is still reading when the file systems are thawed. */
async function runAll(copies: readonly SparseCopy[], signal: AbortSignal): Promise<void> {
  const results = await Promise.allSettled(copies.map((copy) => copy.run(signal)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
}
