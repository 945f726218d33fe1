import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { must } from '../../bench/command.ts';

const HERE = join(import.meta.dirname, '..');

/** The agent, without which nothing can be asked of the machine. */
export const AGENT = join(HERE, 'guest/agent.c');
/** What the scenarios run inside. */
export const programs = (): readonly string[] => globSync(join(HERE, 'programs/*.c')).sort();

/** Static: the machine has another libc than this one may have. */
export async function compile(source: string, folder: string): Promise<string> {
  const program = join(folder, basename(source, '.c'));
  await must(['gcc', '-std=gnu11', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread', '-o', program, source]);
  return program;
}

export const textOf = (source: string): string => readFileSync(source, 'utf8');
