import { resolve } from 'node:path';
import { describeConfig } from '../../config/describe.ts';
import { loadConfig } from '../../config/load.ts';
import { UserError, usageError } from '../../errors.ts';
import { type BundleRequest, makeBundle } from '../../support/bundle.ts';
import { made, type Part } from '../../support/part.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderBundle } from '../render-bundle.ts';
import { versionOf } from '../version.ts';
import { examiningAgent } from './check.ts';
import { look } from './status.ts';

/** Every check has a deadline of its own, and they run at once; databases are asked besides. */
const REPORT_MS = 60_000;
const LOOK_MS = 10_000;

export const supportBundle: Command = async (context) => {
  const { system, json, print, progress, signal, width } = context;
  const output = outputOf(context);
  const onPart = (done: number, total: number) => progress(done === total ? 'packing …' : `${done}/${total} …`);
  const request = { output, version: versionOf(), parts: ownParts(context), signal, onPart };
  const bundle = await makeBundle(system, request).finally(() => progress(''));
  print(json ? `${JSON.stringify({ schema: 1, ...bundle }, undefined, 2)}\n` : renderBundle(bundle, width));
  return 0;
};

function outputOf({ given }: CommandContext): BundleRequest['output'] {
  const file = given.values.get('output')?.[0];
  if (file === '' || file === '-') throw usageError('--output needs the name of a file', 'support-bundle');
  return file === undefined ? { folder: process.cwd() } : { file: resolve(file) };
}

/** What these commands would print. The checks are run anew, here, and nobody is told: nothing but the archive is left. */
const ownParts = (context: CommandContext): readonly Part[] => [
  made('config/effective.json', LOOK_MS, () => effective(context)),
  made('status.json', LOOK_MS, () => look(context.system)),
  made('report.json', REPORT_MS, async () => {
    const { agent, ...fault } = await examiningAgent(context);
    return agent.examine(fault);
  }),
];

/** Every setting with its source, or why there are none: one that is wrong is what a bundle may be made for. */
async function effective({ system }: CommandContext): Promise<unknown> {
  try {
    const loaded = await loadConfig(system);
    return { schema: 1, files: loaded.files, settings: describeConfig(loaded) };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, remedy } = error;
    return { schema: 1, error: { code, message, remedy } };
  }
}
