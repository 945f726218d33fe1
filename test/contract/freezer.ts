import type { Test } from 'tap';
import { UserError } from '../../agent/errors.ts';
import type { FreezePlan, Freezer, FreezeStep, PreparedFreeze, ThawReport } from '../../agent/freezer/freezer.ts';
import type { FileSystem } from '../../agent/freezer/mounts.ts';

/** A freezer with file systems to try it on. Whoever makes it checks that nothing is left at the end. */
export interface FreezerSubject {
  readonly freezer: Freezer;
  /** Independent of each other, writable, and clean. */
  readonly fileSystems: readonly [FileSystem, FileSystem];
  /** The kernel refuses to freeze it. */
  readonly refused: FileSystem;
  /** Looked at from outside. */
  isFrozen(fileSystem: FileSystem): Promise<boolean>;
  /** Likewise; waits a little for it. */
  isWritable(fileSystem: FileSystem): Promise<boolean>;
  freezeByOthers(fileSystem: FileSystem): Promise<void>;
  thawByOthers(fileSystem: FileSystem): Promise<void>;
  /** Lets the freeze of the first one hang in the kernel until what is returned is called. */
  hang(): Promise<() => Promise<void>>;
  /** Somebody else holds the lock of those who freeze, until what is returned is called. */
  lock(): Promise<() => Promise<void>>;
}

export type FreezerTest = (title: string, body: (t: Test, subject: FreezerSubject) => Promise<void>) => void;

const LONG_MS = 30_000;
/** Longer than a freeze takes on a busy machine, and all that comes before it is lost. */
const SHORT_MS = 1500;

/** What agent/freezer/freezer.ts promises, of any freezer. */
export function freezerContract(test: FreezerTest): void {
  const ended = endingAll(test);
  contractOfPrepare(ended);
  contractOfFreeze(ended);
  contractOfThaw(ended);
  contractOfLoss(ended);
  contractOfEnd(ended);
}

/** Whatever a test prepares is ended with it. */
const endingAll =
  (test: FreezerTest): FreezerTest =>
  (title, body) =>
    test(title, async (t, subject) => {
      const begun: PreparedFreeze[] = [];
      const freezer: Freezer = {
        async prepare(plan, signal, previous) {
          const prepared = await subject.freezer.prepare(plan, signal, previous);
          begun.push(prepared);
          return prepared;
        },
      };
      try {
        await body(t, { ...subject, freezer });
      } finally {
        for (const prepared of begun) await prepared.end();
      }
    });

function contractOfPrepare(test: FreezerTest): void {
  test('prepare freezes nothing, and can be taken back', async (t, subject) => {
    const prepared = await prepare(subject);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
    t.notOk(prepared.lost.aborted);
    const report = await prepared.thaw();
    t.match(report, { problems: [], frozenMs: 0, firstThawAtMs: undefined });
    t.equal(report.problems.length, 0);
    t.strictSame(await prepared.thaw(), report, 'twice is once');
  });

  test('prepare refuses while somebody else freezes, and leaves nothing', async (t, subject) => {
    const unlock = await subject.lock();
    const error = await prepare(subject).catch((thrown) => thrown);
    t.ok(error instanceof UserError, String(error));
    t.match(error, { code: 'freeze.locked', message: /another/, remedy: /./ });
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
    await unlock();
    await (await prepare(subject)).thaw();
  });

  test('prepare is given up when its signal says so', async (t, subject) => {
    const reason = new Error('given up');
    await t.rejects(subject.freezer.prepare(planOf(subject), AbortSignal.abort(reason)), reason);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });
}

function contractOfFreeze(test: FreezerTest): void {
  test('freezes all, and thaws all', async (t, subject) => {
    const prepared = await prepare(subject);
    const { fileSystems, steps } = await prepared.freeze();
    t.strictSame(fileSystems, subject.fileSystems.map(frozen));
    for (const each of subject.fileSystems) t.ok(await subject.isFrozen(each));
    t.notOk(prepared.lost.aborted);
    const report = await prepared.thaw();
    t.strictSame(report.problems, []);
    t.ok(report.frozenMs > 0 && report.frozenMs < LONG_MS, `${report.frozenMs} ms`);
    t.ok(typeof report.firstThawAtMs === 'number');
    for (const each of subject.fileSystems) {
      t.ok(await subject.isWritable(each));
      const [flushed, froze, thawed] = ['flush', 'freeze', 'thaw'].map((step) =>
        span([...steps, ...report.steps], step, each),
      );
      t.ok(flushed && froze && thawed, 'the timeline has each step');
      t.ok((flushed?.[1] ?? 0) <= (froze?.[0] ?? 0), 'flushed before it was frozen');
      t.ok((froze?.[1] ?? 0) <= (thawed?.[0] ?? 0), 'frozen before it was thawed');
    }
  });

  test('groups are frozen in their order, and thawed in the opposite one', async (t, subject) => {
    const [first, second] = subject.fileSystems;
    const prepared = await prepare(subject, { groups: [[second], [first]] });
    const { steps } = await prepared.freeze();
    t.ok((span(steps, 'freeze', second)?.[1] ?? 1) <= (span(steps, 'freeze', first)?.[0] ?? 0));
    const report = await prepared.thaw();
    const [begunMs = 1, endedMs = 1] = span(report.steps, 'thaw', first) ?? [];
    // One that goes on for longer than a tenth of a second, on a disk that is busy, does not keep the next one waiting.
    t.ok(Math.min(endedMs, begunMs + 98) <= (span(report.steps, 'thaw', second)?.[0] ?? 0));
  });

  test('one that somebody else has frozen is told, and never thawed', async (t, subject) => {
    const [theirs, ours] = subject.fileSystems;
    await subject.freezeByOthers(theirs);
    const prepared = await prepare(subject);
    const { fileSystems } = await prepared.freeze();
    t.match(fileSystems, [{ id: theirs.id, state: 'foreign', error: /./ }, frozen(ours)]);
    t.strictSame((await prepared.thaw()).problems, []);
    t.ok(await subject.isWritable(ours));
    t.ok(await subject.isFrozen(theirs));
    await prepared.thaw();
    t.ok(await subject.isFrozen(theirs));
    await subject.thawByOthers(theirs);
  });

  test('one that cannot be frozen does not keep the others', async (t, subject) => {
    const [first, second] = subject.fileSystems;
    const prepared = await prepare(subject, { groups: [[first, subject.refused], [second]] });
    const { fileSystems } = await prepared.freeze();
    t.match(fileSystems, [frozen(first), { id: subject.refused.id, state: 'failed', error: /./ }, frozen(second)]);
    t.strictSame((await prepared.thaw()).problems, []);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });
}

function contractOfThaw(test: FreezerTest): void {
  test('thaw is safe more than once, and at the same time', async (t, subject) => {
    const prepared = await prepare(subject);
    await prepared.freeze();
    const [report, ...same] = (await Promise.all([prepared.thaw(), prepared.thaw()])) as [ThawReport, ThawReport];
    for (const each of [...same, await prepared.thaw()]) t.strictSame(each, report);
    t.strictSame(report.problems, []);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });

  test('thaw is safe while the freeze goes on, which then comes to nothing', async (t, subject) => {
    const prepared = await prepare(subject);
    const freezing = prepared.freeze().catch(() => undefined);
    await t.resolves(prepared.thaw());
    await freezing;
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });

  test('after the thaw there is no freeze', async (t, subject) => {
    const prepared = await prepare(subject);
    await prepared.thaw();
    await prepared.freeze().catch(() => undefined);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });

  test('a thaw by somebody else is found out', async (t, subject) => {
    const [torn, whole] = subject.fileSystems;
    const prepared = await prepare(subject);
    await prepared.freeze();
    await subject.thawByOthers(torn);
    t.ok(await subject.isWritable(torn));
    t.ok(await subject.isFrozen(whole));
    const { problems } = await prepared.thaw();
    t.match(problems, [{ kind: 'early', mountPoint: torn.mountPoint, message: /./ }]);
    t.equal(problems.length, 1);
    t.ok(await subject.isWritable(whole));
  });
}

function contractOfEnd(test: FreezerTest): void {
  test('end thaws what is frozen, and is safe in every state', async (t, subject) => {
    const prepared = await prepare(subject);
    prepared.end();
    prepared.end();
    const again = await prepare(subject);
    await again.freeze();
    again.end();
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
    again.end();
    await t.resolves(again.thaw());
  });

  test('one that follows another freezes as the first one did, also where a third could not be had', async (t, subject) => {
    const first = await prepare(subject);
    await first.freeze();
    await first.thaw();
    const second = await subject.freezer.prepare(planOf(subject), new AbortController().signal, first);
    const unlock = await subject.lock();
    const third = subject.freezer.prepare(planOf(subject), new AbortController().signal, second);
    await t.rejects(third, { code: 'freeze.locked' });
    await second.end();
    await unlock();
    const fourth = await subject.freezer.prepare(planOf(subject), new AbortController().signal, second);
    t.strictSame((await fourth.freeze()).fileSystems, subject.fileSystems.map(frozen));
    t.strictSame((await fourth.thaw()).problems, []);
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
  });
}

function contractOfLoss(test: FreezerTest): void {
  test('at the deadline all is thawed, whoever sleeps', async (t, subject) => {
    const prepared = await prepare(subject, { deadlineMs: SHORT_MS });
    const { fileSystems } = await prepared.freeze();
    t.strictSame(fileSystems, subject.fileSystems.map(frozen));
    t.ok(await soon(aborted(prepared.lost)), 'it is told');
    t.ok(prepared.lost.reason instanceof Error, 'it says why');
    for (const each of subject.fileSystems) t.ok(await subject.isWritable(each));
    const { problems, frozenMs } = await prepared.thaw();
    t.strictSame(new Set(problems.map(({ kind }) => kind)), new Set(['early']));
    t.strictSame(
      problems.map(({ mountPoint }) => mountPoint).sort(),
      subject.fileSystems.map((each) => each.mountPoint).sort(),
    );
    t.ok(frozenMs > SHORT_MS * 0.9 && frozenMs < SHORT_MS + 10_000, `${frozenMs} ms`);
  });

  test('a freeze that hangs is owed, and thawed when the kernel is done with it', async (t, subject) => {
    const [hung, other] = subject.fileSystems;
    const release = await subject.hang();
    const prepared = await prepare(subject, { deadlineMs: SHORT_MS });
    const result = await soon(prepared.freeze());
    t.match(result?.fileSystems[0], { id: hung.id, state: 'hung' });
    t.ok(prepared.lost.aborted, 'it was given up at the deadline');
    const { problems } = await prepared.thaw();
    t.ok(await subject.isWritable(other), 'the other one is not kept by it');
    t.match(
      problems.find(({ mountPoint }) => mountPoint === hung.mountPoint),
      { kind: 'owed', message: /./ },
    );
    await release();
    t.ok(await subject.isWritable(hung), 'nobody had to ask again');
  });
}

const planOf = ({ fileSystems }: FreezerSubject): FreezePlan => ({
  groups: [fileSystems],
  deadlineMs: LONG_MS,
  expedite: true,
});

const prepare = (subject: FreezerSubject, wishes: Partial<FreezePlan> = {}) =>
  subject.freezer.prepare({ ...planOf(subject), ...wishes }, AbortSignal.timeout(LONG_MS));

const frozen = ({ id, mountPoint }: FileSystem) => ({ id, mountPoint, state: 'frozen' });

const span = (steps: readonly FreezeStep[], name: string, { mountPoint }: FileSystem) => {
  const found = steps.find((each) => each.step === name && each.mountPoint === mountPoint);
  return found && ([found.atMs, found.atMs + found.tookMs] as const);
};

const aborted = (signal: AbortSignal): Promise<true> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve(true);
    signal.addEventListener('abort', () => resolve(true));
  });

/** Undefined when it takes far too long. */
const soon = <T>(wanted: Promise<T>): Promise<T | undefined> =>
  Promise.race([
    wanted,
    new Promise<undefined>((resolve) => setTimeout(resolve, SHORT_MS + 20_000, undefined).unref()),
  ]);
