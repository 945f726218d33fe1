import t from 'tap';
import { renderPlan } from '../../../agent/cli/render-plan.ts';
import { renderSandbox } from '../../../agent/cli/render-sandbox.ts';
import { renderStatus, type StatusNow } from '../../../agent/cli/render-status.ts';
import type { FileSystem } from '../../../agent/freezer/mounts.ts';
import type { Left } from '../../../agent/freezer/selection.ts';
import type { SandboxReport } from '../../../agent/sandbox-rehearsal.ts';
import { type Script, ScriptError } from '../../../agent/scripts/script.ts';
import type { SnapshotPlan } from '../../../agent/snapshot/plan.ts';
import { outcomeOf } from '../snapshot/outcomes.ts';

const LONG = '/var/lib/kubelet/pods/5e4f2c1e-0000-4000-8000-123456789abc/volumes/kubernetes.io~csi/pvc-1/mount';
const tooLong = (text: string) => text.split('\n').filter((line) => line.length > 80);

const fileSystem = (mountPoint: string, differs: Partial<FileSystem> = {}): FileSystem => {
  const own = { id: '8:1', type: 'ext4', source: '/dev/x', readOnly: false, hidden: false };
  return { ...own, mountPoint, mountPoints: [mountPoint], ...differs };
};
const script = (differs: Partial<Script>): Script => ({
  source: 'config',
  name: '[scripts]',
  post: { path: '/etc/post.sh', args: [] },
  timeoutMs: 1,
  preRetries: 0,
  postRetries: 0,
  required: false,
  ...differs,
});
const plan = (differs: Partial<SnapshotPlan> = {}): SnapshotPlan => ({
  freeze: {
    groups: [[fileSystem('/loop')], [fileSystem('/a'), fileSystem('/b')], [fileSystem('/')]],
    deadlineMs: 2500,
    expedite: true,
  },
  left: [],
  scripts: { scripts: [], problems: [], required: false, freezeWanted: true },
  warnings: [],
  mountinfo: '',
  ...differs,
});

t.test('who is asked to agree sees all that will be done, in its order', async (t) => {
  const scripts = [script({ pre: { path: '/etc/pre.sh', args: [] } }), script({ name: 'hook' })];
  const problems = [new ScriptError('script.x', 'the file is broken', { stage: 'pre' })];
  const left: Left[] = [
    { fileSystem: fileSystem('/boot/efi'), why: 'exempt', reason: 'FAT' },
    { fileSystem: fileSystem('/proc', { source: 'proc' }), why: 'exempt', reason: 'kept by the kernel' },
    ...['/c', '/d'].map(
      (point): Left => ({ fileSystem: fileSystem(point), why: 'excluded', reason: 'not named by --mount' }),
    ),
  ];
  const text = renderPlan(
    plan({ left, warnings: ['beware'], scripts: { scripts, problems, required: false, freezeWanted: true } }),
    80,
  );
  t.equal(
    text,
    `This will be done, and nothing copied:
  · script [scripts]: before: /etc/pre.sh, after: /etc/post.sh
  · script hook: after: /etc/post.sh
  · not run: the file is broken
  · freeze, step 1: /loop (ext4)
  · freeze, step 2: /a (ext4), /b (ext4)
  · freeze, step 3: / (ext4)
  · thaw at once, after 2.5 s at the latest
  · left alone: /boot/efi (FAT)
  · 2 others were not named by --mount
  · warning: beware
`,
  );
});

t.test('nothing to freeze is said, not left out', async (t) => {
  const text = renderPlan(plan({ freeze: { groups: [], deadlineMs: 1, expedite: false } }), 80);
  t.match(text, '  · no file system is frozen\n');
  t.notMatch(text, /thaw/);
});

t.test('every file system that will be frozen is named, however many and however long', async (t) => {
  const group = Array.from({ length: 60 }, (_, index) => fileSystem(`${LONG}/${index}`));
  const text = renderPlan(plan({ freeze: { groups: [group], deadlineMs: 1000, expedite: false } }), 80);
  t.strictSame(tooLong(text), []);
  const joined = text.replace(/\n +/g, '');
  for (const { mountPoint } of group) t.ok(joined.includes(mountPoint), mountPoint);
});

const report = (differs: Partial<SandboxReport> = {}): SandboxReport => ({
  schema: 1,
  outcome: outcomeOf({ kind: 'rehearsal' }),
  fileSystems: [
    {
      type: 'ext4',
      longestStallMs: 71.4,
      writes: 12_345,
      ok: false,
      checks: [
        { what: 'file-system', ok: true, detail: 'clean' },
        { what: 'torn', ok: false, detail: `record 7 of ${LONG} is torn, and so is this line` },
      ],
    } as SandboxReport['fileSystems'][number],
  ],
  scripts: ['pre', 'post, told: success'],
  ok: false,
  ...differs,
});

t.test('the rehearsal tells what was felt and found, and the result last', async (t) => {
  const text = renderSandbox(report(), 80);
  t.strictSame(tooLong(text), []);
  t.match(text, '\n  ext4   longest write stall    71 ms, of 12345 writes\n');
  t.match(text, '\n  ext4   ✔ the file system has no fault\n');
  t.match(text, '\n  ext4   ✘ no record is torn: record 7 of');
  t.notMatch(text, /clean/, 'the detail of what is right is not worth a word');
  t.match(text, '\nThe scripts, by their own record\n  pre\n  post, told: success\n');
  t.ok(text.endsWith('\nResult: it does not work here as it should.\n'));
  t.ok(renderSandbox(report({ ok: true }), 80).endsWith('\nResult: it works here.\n'));
});

const NOTHING: StatusNow = {
  daemon: undefined,
  run: undefined,
  atWork: undefined,
  frozen: [],
  owed: [],
  last: undefined,
};
const LAST = { ...NOTHING, last: outcomeOf({ kind: 'rehearsal', wouldBe: 'application', frozenMs: 12_345 }) };
const HOLD = { schema: 1, state: 'held', kind: 'hold', pid: 7, since: 'noon', until: 'one', faults: [] } as const;

t.test('status says what is held, frozen and owed', async (t) => {
  t.equal(
    renderStatus(NOTHING, 80),
    'Daemon:    not running\nAt work:   nothing\nFrozen:    nothing\nOwed:      nothing\nLast run:  none yet\n',
  );
  t.match(
    renderStatus({ ...NOTHING, run: HOLD, frozen: ['/a', '/b'] }, 80),
    'Held:      hold, since noon, until one at the latest\nFrozen:    /a, /b\nLast',
  );
  const daemon = { pid: 9, version: '1', since: 'noon', onDemand: true, next: { readiness: 'six' } };
  t.match(
    renderStatus({ ...NOTHING, daemon }, 80),
    'Daemon:    process 9, since noon, on demand; next readiness six\n',
  );
  const entering = renderStatus({ ...NOTHING, run: { ...HOLD, state: 'entering' } }, 80);
  t.match(entering, 'Entering:  hold, since noon\n');
  const atWork = { pid: 7, command: 'quiesced snapshot', since: 'noon' };
  const busy = renderStatus({ ...NOTHING, atWork, owed: [{ phases: ['prepare'] }] }, 80);
  t.match(busy, 'At work:   quiesced snapshot (process 7, since noon)\n');
  t.notMatch(busy, /Owed|quiesced thaw/, 'what he owes is his to settle');
  const owed = renderStatus({ ...NOTHING, owed: [{ phases: ['prepare', 'quiesce'] }] }, 80);
  t.match(owed, 'Owed:      prepare and quiesce\n');
  t.match(owed, '\nTo settle what a run that died has left: quiesced thaw\n');
});

t.test('no line of it is too long', async (t) => {
  const many = Array.from({ length: 30 }, (_, index) => `${LONG}/${index}`);
  const text = renderStatus({ ...LAST, frozen: many }, 80);
  t.strictSame(tooLong(text), []);
  t.match(text, /Last run: {2}2026-03-01 03:00:00 rehearsal would be application frozen 12\.3 s/);
});
