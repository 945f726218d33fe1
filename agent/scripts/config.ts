import type { Command, Script } from './script.ts';

/** The section `[scripts]`: programs by their full paths, without arguments. */
export interface ConfiguredScripts {
  readonly pre?: string | undefined;
  readonly post?: string | undefined;
  /** For each of the two, with all its retries. */
  readonly timeoutMs: number;
  readonly retries: number;
}

/** The script that the section describes; undefined when it names none. */
export function configScript({ pre, post, timeoutMs, retries }: ConfiguredScripts): Script | undefined {
  if (pre === undefined && post === undefined) return undefined;
  return {
    source: 'config',
    name: '[scripts]',
    ...(pre === undefined ? {} : { pre: command(pre) }),
    ...(post === undefined ? {} : { post: command(post) }),
    timeoutMs,
    preRetries: retries,
    postRetries: retries,
    required: false,
  };
}

const command = (path: string): Command => ({ path, args: [] });
