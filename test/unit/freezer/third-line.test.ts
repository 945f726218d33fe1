import t from 'tap';
import { systemdThirdLine } from '../../../agent/freezer/third-line.ts';
import { createLog } from '../../../agent/log.ts';
import { type FakeProgram, fakeSystem } from '../../fakes/system.ts';
import type { Teardown } from './rig.ts';

const BOOTED = { '/run/systemd/system/.keep': '' };
const ARGV = ['/usr/lib/quiesced/bin/node', '/usr/lib/quiesced/quiesced.mjs', 'thaw-overdue'];

function rigOf(t: Teardown, programs: Readonly<Record<string, FakeProgram>>, files: Record<string, string> = BOOTED) {
  const system = fakeSystem({ files, programs });
  t.teardown(() => system.cleanUp());
  const lines: string[] = [];
  const log = createLog('info', (line) => lines.push(line));
  return { line: systemdThirdLine(system, log, ARGV), ran: system.ran, lines };
}

const WELL = { 'systemd-run': {}, systemctl: {} };
const unitOf = (argv: readonly string[] | undefined): string =>
  argv?.find((word) => word.startsWith('--unit='))?.slice('--unit='.length) ?? '';

t.test('a timer of its own starts the program, before the deadline by what a start takes', async (t) => {
  const { line, ran, lines } = rigOf(t, WELL);
  const beforeMs = performance.now();
  t.equal(await line.arm(10_000), undefined);
  const [argv, ...more] = ran;
  t.strictSame(more, []);
  t.equal(argv?.[0], 'systemd-run');
  t.ok(argv?.includes('--on-active=8000ms'));
  t.ok(argv?.includes('--timer-property=AccuracySec=10ms'));
  t.match(unitOf(argv), /^quiesced-thaw-[0-9a-f]{8}$/);
  const program = argv?.slice(argv.indexOf('--') + 1) ?? [];
  t.strictSame(program.slice(0, 3), ARGV);
  const [sinceMs, deadlineMs, ...rest] = program.slice(3).map(Number);
  t.ok((sinceMs ?? 0) >= Math.floor(beforeMs) && (sinceMs ?? 0) <= performance.now(), 'when it was armed');
  t.strictSame([deadlineMs, rest], [10_000, []]);
  t.strictSame(lines, []);
});

t.test('of a short deadline half is for the start', async (t) => {
  for (const [deadlineMs, activeMs] of [
    [500, 250],
    [3000, 1500],
    [4001, 2001],
    [125_000, 123_000],
  ] as const) {
    const { line, ran } = rigOf(t, WELL);
    await line.arm(deadlineMs);
    t.ok(ran[0]?.includes(`--on-active=${activeMs}ms`), `${deadlineMs}: ${ran[0]?.find((w) => w.includes('active'))}`);
  }
});

t.test('nothing of it writes where it could be held back, and our service’s end is not its own', async (t) => {
  const { line, ran } = rigOf(t, WELL);
  await line.arm(10_000);
  const words = ran[0] ?? [];
  for (const word of ['StandardOutput=null', 'StandardError=null', 'OOMScoreAdjust=-900', 'KillMode=process']) {
    t.ok(words.includes(`--property=${word}`), word);
  }
  for (const word of ['--collect', '--property=DefaultDependencies=no', '--timer-property=DefaultDependencies=no']) {
    t.ok(words.includes(word), word);
  }
  t.notOk(words.some((word) => /^--(scope|wait|pipe|pty)/.test(word)));
});

t.test('disarmed, its timer is gone; without waiting for it', async (t) => {
  const { line, ran } = rigOf(t, WELL);
  await line.arm(10_000);
  await line.disarm();
  await line.disarm();
  t.strictSame(ran.slice(1), [['systemctl', 'stop', '--no-block', `${unitOf(ran[0])}.timer`]]);
});

t.test('each freeze has a timer of its own', async (t) => {
  const { line, ran } = rigOf(t, WELL);
  await line.arm(10_000);
  await line.disarm();
  await line.arm(10_000);
  await line.disarm();
  t.not(unitOf(ran[0]), unitOf(ran[2]));
  t.match(ran[3]?.at(-1), unitOf(ran[2]));
});

t.test('where systemd does not run there is none, and nobody is asked', async (t) => {
  const { line, ran, lines } = rigOf(t, WELL, {});
  t.equal(await line.arm(10_000), undefined);
  await line.disarm();
  t.strictSame([ran, lines], [[], []]);
});

const FAILURES: Readonly<Record<string, readonly [Readonly<Record<string, FakeProgram>>, RegExp]>> = {
  'no such program': [{}, /not-found/],
  'an exit code': [{ 'systemd-run': { exitCode: 1, stderr: 'Failed to connect to bus\nmore\n' } }, /connect to bus$/],
  'an exit code alone': [{ 'systemd-run': { exitCode: 4 } }, /exit code 4/],
  'no answer': [{ 'systemd-run': { ended: 'timed-out', exitCode: undefined } }, /longer than 2 s/],
  'a throw': [{ 'systemd-run': () => Promise.reject(new Error('no memory')) }, /no memory/],
};
for (const [what, [programs, why]] of Object.entries(FAILURES)) {
  t.test(`what fails is told, and does not throw: ${what}`, async (t) => {
    const { line, lines } = rigOf(t, programs);
    t.match(await line.arm(10_000), why);
    t.match(lines, [why], 'once');
    await line.disarm();
  });
}

t.test('a stop that fails is nobody’s trouble', async (t) => {
  for (const stop of [{ exitCode: 5 }, () => Promise.reject(new Error('x'))]) {
    const { line, lines } = rigOf(t, { ...WELL, systemctl: stop });
    await line.arm(10_000);
    await line.disarm();
    t.strictSame(lines, []);
  }
});

t.test('disarmed while it is being armed, it is stopped all the same', async (t) => {
  const { promise, resolve } = Promise.withResolvers<object>();
  const { line, ran } = rigOf(t, { ...WELL, 'systemd-run': () => promise });
  const armed = line.arm(10_000);
  const disarmed = line.disarm();
  resolve({});
  await Promise.all([armed, disarmed]);
  t.equal(ran.at(-1)?.[0], 'systemctl');
});

t.test('the limit of each is two seconds', async (t) => {
  const limits: number[] = [];
  const program: FakeProgram = async (_, { timeoutMs }) => {
    limits.push(timeoutMs);
    return {};
  };
  const { line } = rigOf(t, { 'systemd-run': program, systemctl: program });
  await line.arm(10_000);
  await line.disarm();
  t.strictSame(limits, [2000, 2000]);
});
