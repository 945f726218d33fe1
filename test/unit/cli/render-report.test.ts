import { stripVTControlCharacters } from 'node:util';
import t from 'tap';
import type { Finding, Verdict } from '../../../agent/checks/check.ts';
import { countsOf, exitCodeOf, verdictOf } from '../../../agent/checks/verdict.ts';
import { renderReport } from '../../../agent/cli/render-report.ts';
import { wrap } from '../../../agent/cli/wrap.ts';
import type { Examination } from '../../../agent/readiness/examine.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { array, assert, constantFrom, integer, property, record, string } from '../../fast-check.ts';

const FACTS: Facts = {
  platform: 'linux',
  hostname: 'web-01',
  distribution: {
    id: 'ubuntu',
    versionId: '24.04',
    variantId: undefined,
    prettyName: 'Ubuntu 24.04.1 LTS',
    idLike: [],
  },
  kernel: '6.8.0-1017-azure',
  architecture: 'x86_64',
  hypervisor: 'hyper-v',
  cloud: { name: 'azure', imds: undefined, imdsFault: 'no answer' },
  firmware: 'uefi',
  memoryBytes: 8 * 1024 ** 3,
  cpus: 2,
  container: undefined,
  systemd: true,
};

const finding = (verdict: Verdict, id: string, more: Partial<Finding> = {}): Finding => ({
  id,
  group: 'agent',
  title: `Title of ${id}`,
  verdict,
  detail: `detail of ${id}`,
  durationMs: 1,
  ...more,
});

const report = (findings: readonly Finding[], facts: Facts = FACTS): Examination => ({
  schema: 1,
  time: '2026-11-21T09:00:00.000Z',
  durationMs: 812,
  facts,
  verdict: verdictOf(findings),
  exitCode: exitCodeOf(findings),
  counts: countsOf(findings),
  findings,
  expected: { consistency: 'file-system', reason: 'PostgreSQL runs and nothing quiesces it' },
});

const plain = (findings: readonly Finding[], width = 80) =>
  renderReport(report(findings), { width, colour: false, verbose: false });

t.test('what a person sees', async (t) => {
  const text = plain([
    finding('pass', 'os.arch64', { group: 'os' }),
    finding('pass', 'agent.installed'),
    finding('warn', 'agent.autoupdate', { remedy: 'Turn it on.' }),
    finding('skip', 'agent.certs', { detail: 'needs root' }),
    finding('skip', 'agent.extension-state', { detail: 'needs root' }),
    finding('skip', 'agent.cgroup-quota', { detail: 'no systemd' }),
    finding('info', 'agent.av-exclusions'),
    finding('fail', 'agent.running', { remedy: 'Start it:\n$ systemctl enable --now walinuxagent.service' }),
    finding('skip', 'agent.heartbeat', { hiddenBy: 'agent.running' }),
  ]);
  t.equal(
    text,
    [
      'Readiness of web-01 for a backup',
      'Ubuntu 24.04.1 LTS, x86_64, kernel 6.8.0-1017-azure, systemd',
      'Azure, hyper-v, UEFI, 2 CPUs, 8 GiB',
      '',
      'Operating system',
      '  ok      Title of os.arch64',
      '',
      'VM agent',
      '  FAIL    detail of agent.running',
      '          Should be: Title of agent.running [agent.running]',
      '          Start it:',
      '            systemctl enable --now walinuxagent.service',
      '',
      '  WARN    detail of agent.autoupdate',
      '          Should be: Title of agent.autoupdate [agent.autoupdate]',
      '          Turn it on.',
      '',
      '  info    detail of agent.av-exclusions [agent.av-exclusions]',
      '  ok      Title of agent.installed',
      '  skip    agent.certs, agent.extension-state (needs root); agent.cgroup-quota',
      '          (no systemd)',
      '',
      'To expect of a snapshot now: file-system-consistent, because PostgreSQL runs and',
      'nothing quiesces it.',
      '',
      'NOT READY: a backup of this machine would fail.',
      '1 failed, 1 warning, 1 note, 2 passed, 3 skipped, in 0.8 s.',
      '',
    ].join('\n'),
  );
});

t.test('what only a restored copy would feel does not make a backup fail', async (t) => {
  const boot = (verdict: 'fail' | 'warn') => finding(verdict, 'boot.drivers', { group: 'restore' });
  t.match(plain([boot('fail')]), /^NOT READY: a copy restored from a backup would not come up/m);
  t.match(plain([boot('warn')]), /^READY, with warnings: a copy restored from a backup may not/m);
  t.match(
    plain([boot('fail'), finding('fail', 'agent.running')]),
    /^NOT READY: a backup of this machine would fail\.$/m,
  );
  t.match(plain([boot('fail'), finding('warn', 'agent.a')]), /^NOT READY: a copy restored/m);
});

t.test('what is fine takes one line a group, unless every name is asked for', async (t) => {
  const findings = [finding('pass', 'agent.a'), finding('pass', 'agent.b'), finding('pass', 'os.a', { group: 'os' })];
  t.match(plain(findings), /^Operating system\n {2}ok {6}Title of os\.a\n\nVM agent\n {2}ok {6}2 checks\n\n/m);
  const verbose = renderReport(report(findings), { width: 80, colour: false, verbose: true });
  t.match(verbose, /^VM agent\n {2}ok {6}Title of agent\.a\n {2}ok {6}Title of agent\.b\n\n/m);
});

t.test('what a snapshot would be worth', async (t) => {
  for (const [consistency, words] of [
    ['application', 'application-consistent, because X.'],
    ['crash', 'crash-consistent, because X.'],
    ['none', 'no snapshot, because X.'],
    ['unknown', 'not known, because X.'],
  ] as const) {
    const text = renderReport(
      { ...report([]), expected: { consistency, reason: 'X' } },
      { width: 80, colour: false, verbose: false },
    );
    t.ok(text.includes(`To expect of a snapshot now: ${words}\n`), consistency);
  }
});

t.test('the verdict is the last thing on the screen', async (t) => {
  for (const [verdict, words] of [
    ['fail', /^NOT READY/],
    ['error', /^NOT SURE/],
    ['warn', /^READY, with warnings/],
    ['pass', /^READY: /],
    ['info', /^READY: /],
  ] as const) {
    t.match(
      plain([finding(verdict, 'a.b')])
        .trimEnd()
        .split('\n')
        .at(-2),
      words,
      verdict,
    );
  }
});

t.test('colour only where it is asked for', async (t) => {
  const findings = [finding('fail', 'a.b', { remedy: 'Do:\n$ this' }), finding('pass', 'a.c'), finding('skip', 'a.d')];
  const colourful = renderReport(report(findings), { width: 80, colour: true, verbose: false });
  const ESCAPE = '\u001b';
  t.notOk(plain(findings).includes(ESCAPE));
  t.ok(colourful.includes(ESCAPE));
  t.equal(stripVTControlCharacters(colourful), plain(findings), 'and it changes nothing else');
});

t.test('a command is never broken, whatever its length', async (t) => {
  const command = `echo ${'long '.repeat(40)}end`;
  t.ok(
    plain([finding('fail', 'a.b', { remedy: `Paste:\n$ ${command}` })], 40).includes(`${' '.repeat(12)}${command}\n`),
  );
});

t.test('facts that are not known are left out', async (t) => {
  const nothing = Object.fromEntries(Object.keys(FACTS).map((key) => [key, undefined])) as unknown as Facts;
  const text = renderReport(report([], { ...nothing, platform: 'linux', systemd: false }), {
    width: 80,
    colour: false,
    verbose: false,
  });
  t.match(text, /^Readiness of this machine for a backup\nlinux, no systemd\n/);
  t.notMatch(text, /undefined/);
});

t.test('every line fits, unless a word or a command does not', async (t) => {
  const words = array(
    string({ minLength: 1, maxLength: 12 }).map((word) => word.replace(/\s|\$/g, 'x')),
    { maxLength: 40 },
  ).map((list) => list.join(' '));
  const verdict = constantFrom<Verdict>('fail', 'error', 'warn', 'info', 'pass', 'skip');
  const any = record({ verdict, detail: words, remedy: words });
  assert(
    property(array(any, { maxLength: 12 }), integer({ min: 60, max: 200 }), (parts, width) => {
      const findings = parts.map(({ verdict, ...more }, index) => finding(verdict, `agent.n${index}`, more));
      return plain(findings, width)
        .split('\n')
        .every((line) => line.length <= width);
    }),
  );
  t.pass('fits');
});

t.test('wrapping keeps every word', async (t) => {
  assert(
    property(string(), integer({ min: 1, max: 100 }), (text, width) => {
      const words = text.split(/\s+/).filter((word) => word !== '');
      return wrap(text, width).join(' ') === words.join(' ');
    }),
  );
  t.strictSame(wrap('', 10), []);
  t.strictSame(wrap('a b  c', 3), ['a b', 'c']);
});
