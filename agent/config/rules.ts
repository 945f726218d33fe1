import type { Platform } from '../system/system.ts';
import type { Built } from './build.ts';
import type { Problem } from './problems.ts';
import type { Config } from './schema.ts';

/** What no key can see alone. */
interface Rule {
  /** The ones that must fit together, `section.key`; the first that was set in a file is named. */
  readonly keys: readonly string[];
  broken(config: Config, platform: Platform): boolean;
  readonly what: string;
  readonly remedy: string;
}

const RULES: readonly Rule[] = [
  {
    keys: ['snapshot.frozen-deadline', 'snapshot.quiesce-deadline'],
    broken: ({ snapshot }) => snapshot.frozenDeadlineMs > snapshot.quiesceDeadlineMs,
    what: 'frozen-deadline is longer than quiesce-deadline',
    remedy: 'Make frozen-deadline the shorter one: file systems are frozen for a part of the time only.',
  },
  {
    keys: ['snapshot.taker', 'snapshot.taker-command'],
    broken: ({ snapshot }) => snapshot.taker === 'command' && snapshot.takerCommand.length === 0,
    what: 'the taker is a command, but there is no taker-command',
    remedy: 'Add taker-command = PROGRAM, ARGUMENT, … or write taker = none.',
  },
  {
    keys: ['snapshot.taker'],
    broken: ({ snapshot }, platform) => snapshot.taker === 'vss' && platform !== 'windows',
    what: 'is vss, and only Windows makes shadow copies',
    remedy: 'Write taker = command with a taker-command, or taker = none for a snapshot that somebody else takes.',
  },
  {
    keys: ['report.prometheus'],
    broken: ({ report }) => report.prometheus !== undefined && !report.prometheus.endsWith('.prom'),
    what: 'does not end with .prom, and the collector reads no other file',
    remedy: 'Write for example: prometheus = /var/lib/node_exporter/textfile_collector/quiesced.prom',
  },
];

/** Who sets a command and forgets to use it would believe in snapshots that are never taken; `taker = none` says so. */
const UNUSED_COMMAND: Rule = {
  keys: ['snapshot.taker-command'],
  broken: ({ snapshot }) => snapshot.taker === 'none' && snapshot.takerCommand.length > 0,
  what: 'is set, but nothing says that the taker is a command',
  remedy: 'Add taker = command to [snapshot]; or taker = none, to keep the command without using it.',
};

/** Values that are right each for itself and impossible together. A rule is silent when one of its keys was refused. */
export function impossible(
  { config, sources }: Built,
  refused: readonly Problem[],
  platform: Platform,
): readonly Problem[] {
  const isRefused = (id: string) => refused.some(({ section, key }) => `${section}.${key}` === id);
  const rules =
    sources['snapshot.taker']?.from === 'default' && !isRefused('snapshot.taker') ? [...RULES, UNUSED_COMMAND] : RULES;
  return rules
    .filter((rule) => rule.broken(config, platform) && !rule.keys.some(isRefused))
    .flatMap(({ keys, what, remedy }) => {
      const id = keys.find((candidate) => sources[candidate]?.from === 'file');
      const source = sources[id ?? ''];
      if (id === undefined || source?.from !== 'file') return [];
      const [section = '', key = ''] = id.split('.');
      return [{ file: source.file, line: source.line, section, key, what, remedy }];
    });
}
