import { describeConfig } from '../../config/describe.ts';
import { loadConfig } from '../../config/load.ts';
import type { Source } from '../../config/schema.ts';
import { createQuiescers } from '../../quiescers/configured.ts';
import type { Command } from '../context.ts';

export const config: Command = async ({ system, self, json, print }) => {
  const loaded = await loadConfig(system);
  // Sections of quiescers are judged by those; nothing is asked of an application.
  await createQuiescers(system, loaded.config, self);
  const rows = describeConfig(loaded);
  if (json) {
    print(`${JSON.stringify({ schema: 1, files: loaded.files, settings: rows }, undefined, 2)}\n`);
    return 0;
  }
  for (const [section, ofSection] of Map.groupBy(rows, (row) => row.section)) {
    print(`[${section}]\n`);
    for (const { key, value, source } of ofSection) {
      print(`  ${`${key} = ${value ?? '(not set)'}`.padEnd(40)}  ${whereFrom(source)}\n`);
    }
    print('\n');
  }
  return 0;
};

const whereFrom = (source: Source): string => (source.from === 'default' ? 'default' : `${source.file}:${source.line}`);
