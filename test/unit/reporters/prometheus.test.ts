import t from 'tap';
import { prometheusText } from '../../../agent/reporters/prometheus.ts';
import type { RunSummary } from '../../../agent/reporters/status.ts';
import { told } from './told.ts';

const run = (kind: string, more: Partial<RunSummary> = {}): RunSummary => ({
  kind,
  startedAt: '2026-11-20T03:00:00.000Z',
  tookMs: 1500,
  consistency: 'application',
  frozenMs: 12.5,
  faults: 0,
  ...more,
});

const TOLD = told(
  { verdict: 'fail' },
  {
    checks: [
      { id: 'os.load', group: 'os', verdict: 'pass' },
      { id: 'os.docker', group: 'os', verdict: 'info' },
      { id: 'fs.types', group: 'storage', verdict: 'warn' },
      { id: 'agent.running', group: 'agent', verdict: 'fail' },
      { id: 'agent.conf', group: 'agent', verdict: 'error' },
      { id: 'agent.certs', group: 'agent', verdict: 'skip' },
    ],
    runs: [run('snapshot'), run('rehearsal', { consistency: 'crash', faults: 2 })],
  },
);

t.test('as the collector wants it', async (t) => {
  t.equal(
    prometheusText(TOLD)
      .split('\n')
      .filter((line) => !line.startsWith('#'))
      .join('\n'),
    [
      'quiesced_check{id="os.load",group="os"} 0',
      'quiesced_check{id="os.docker",group="os"} 0',
      'quiesced_check{id="fs.types",group="storage"} 1',
      'quiesced_check{id="agent.running",group="agent"} 2',
      'quiesced_check{id="agent.conf",group="agent"} 3',
      'quiesced_verdict 2',
      'quiesced_last_check_timestamp_seconds 1795251600.5',
      'quiesced_expected_consistency 2',
      'quiesced_last_snapshot_timestamp_seconds{kind="snapshot"} 1795143600',
      'quiesced_last_snapshot_timestamp_seconds{kind="rehearsal"} 1795143600',
      'quiesced_last_snapshot_duration_seconds{kind="snapshot"} 1.5',
      'quiesced_last_snapshot_duration_seconds{kind="rehearsal"} 1.5',
      'quiesced_last_snapshot_frozen_seconds{kind="snapshot"} 0.0125',
      'quiesced_last_snapshot_frozen_seconds{kind="rehearsal"} 0.0125',
      'quiesced_last_snapshot_consistency{kind="snapshot"} 3',
      'quiesced_last_snapshot_consistency{kind="rehearsal"} 1',
      'quiesced_last_snapshot_faults{kind="snapshot"} 0',
      'quiesced_last_snapshot_faults{kind="rehearsal"} 2',
      '',
    ].join('\n'),
  );
});

t.test('the format', async (t) => {
  conforms(t, prometheusText(TOLD));
  conforms(t, prometheusText(told()));
});

t.test('what is not known has no sample, and no heading either', async (t) => {
  const text = prometheusText(told({ expected: { consistency: 'unknown', reason: '' } }));
  t.notMatch(text, /expected_consistency|last_snapshot|quiesced_check/);
  t.match(text, /^quiesced_verdict 0$/m);
});

t.test('labels are escaped', async (t) => {
  const text = prometheusText(told({}, { runs: [run('a\\b"c\nd')] }));
  t.ok(text.includes('{kind="a\\\\b\\"c\\nd"}'));
  conforms(t, text);
});

/** https://prometheus.io/docs/instrumenting/exposition_formats: each metric in one block, with HELP and TYPE before it. */
function conforms(t: import('tap').Test, text: string): void {
  t.ok(text.endsWith('\n') && !text.includes('\n\n'), 'ends with a newline, no empty lines');
  const SAMPLE = /^([a-z_]+)(\{[a-z]+="(?:[^"\\\n]|\\[\\"n])*"(?:,[a-z]+="(?:[^"\\\n]|\\[\\"n])*")*\})? -?\d+(\.\d+)?$/;
  let current: string | undefined;
  const seen = new Set<string>();
  for (const line of text.trimEnd().split('\n')) {
    const [, kind, name] = /^# (HELP|TYPE) (\S+) \S/.exec(line) ?? [];
    if (kind === 'HELP') {
      t.notOk(seen.has(name ?? ''), `${name} comes once`);
      seen.add(name ?? '');
      current = name;
    } else if (kind === 'TYPE') t.equal(name, current);
    else t.equal(SAMPLE.exec(line)?.[1], current, line);
  }
}
