import { UserError } from '../errors.ts';
import { distrust } from '../system/trust.ts';
import type { Reporter, Told } from './reporter.ts';
import type { CheckVerdict, RunSummary, StatusExpected, StatusVerdict } from './status.ts';

/** For the textfile collector of node_exporter, and of windows_exporter: https://github.com/prometheus/node_exporter. */
export const prometheusFile: Reporter = {
  id: 'prometheus',

  async report(told, { system, config }) {
    const path = config.report.prometheus;
    if (path === undefined) return;
    // Who may write in this folder could have put a link where our temporary file will stand.
    const found = system.live ? await distrust(system, path) : undefined;
    if (found !== undefined) throw new UserError('report.unsafe', found.what, { remedy: found.remedy });
    await system.write(path, prometheusText(told), { mode: 0o644 });
  },
};

interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly { readonly labels?: Readonly<Record<string, string>>; readonly value: number }[];
}

/** As the exit codes have it. */
const VERDICT_VALUE: Readonly<Record<StatusVerdict, number>> = { pass: 0, warn: 1, fail: 2, error: 3 };
const CHECK_VALUE: Readonly<Partial<Record<CheckVerdict, number>>> = { ...VERDICT_VALUE, info: 0 };
const LEVEL_VALUE: Readonly<Record<RunSummary['consistency'], number>> = {
  none: 0,
  crash: 1,
  'file-system': 2,
  application: 3,
};
const LEVELS = '3 application, 2 file-system, 1 crash, 0 none';

/**
 * The exposition format, version 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats. Without
 * timestamps, which the collector refuses, and with a newline at the end, which it demands. What is not known has no
 * sample.
 */
export const prometheusText = (told: Told): string =>
  metricsOf(told)
    .filter(({ samples }) => samples.length > 0)
    .flatMap(({ name, help, samples }) => [
      `# HELP ${name} ${help}`,
      `# TYPE ${name} gauge`,
      ...samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');

const metricsOf = ({ status, checks, runs }: Told): readonly Metric[] => [
  {
    name: 'quiesced_check',
    help: 'A readiness check: 0 passed, 1 warned, 2 failed, 3 broke; absent when skipped.',
    samples: checks.flatMap(({ id, group, verdict }) => {
      const value = CHECK_VALUE[verdict];
      return value === undefined ? [] : [{ labels: { id, group }, value }];
    }),
  },
  one(
    'quiesced_verdict',
    'The worst of all checks: 0 passed, 1 warned, 2 failed, 3 broke.',
    VERDICT_VALUE[status.verdict],
  ),
  one('quiesced_last_check_timestamp_seconds', 'When the checks ran.', Date.parse(status.time) / 1000),
  {
    name: 'quiesced_expected_consistency',
    help: `What a snapshot taken then would have been worth: ${LEVELS}.`,
    samples: levelSample(status.expected),
  },
  ofRuns(
    runs,
    'timestamp_seconds',
    'When the last run of this kind began.',
    ({ startedAt }) => Date.parse(startedAt) / 1000,
  ),
  ofRuns(runs, 'duration_seconds', 'How long it took.', ({ tookMs }) => tookMs / 1000),
  ofRuns(runs, 'frozen_seconds', 'How long file systems were frozen.', ({ frozenMs }) => frozenMs / 1000),
  ofRuns(runs, 'consistency', `What it was worth: ${LEVELS}.`, ({ consistency }) => LEVEL_VALUE[consistency]),
  ofRuns(runs, 'faults', 'What did not go as it should.', ({ faults }) => faults),
];

const one = (name: string, help: string, value: number): Metric => ({ name, help, samples: [{ value }] });

const levelSample = ({ consistency }: StatusExpected): Metric['samples'] =>
  consistency === 'unknown' ? [] : [{ value: LEVEL_VALUE[consistency] }];

const ofRuns = (
  runs: readonly RunSummary[],
  name: string,
  help: string,
  measure: (run: RunSummary) => number,
): Metric => ({
  name: `quiesced_last_snapshot_${name}`,
  help,
  samples: runs.map((run) => ({ labels: { kind: run.kind }, value: measure(run) })),
});

const labelText = (labels: Readonly<Record<string, string>> = {}): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
