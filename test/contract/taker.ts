import t, { type Test } from 'tap';
import { orUndefinedAfter } from '../../agent/system/waits.ts';
import type { Taker } from '../../agent/takers/taker.ts';

/** One kind of taker, and the ways in which it can be tried. */
export interface TakerKind {
  readonly name: string;
  /** One that comes to its end by itself, with this name of the snapshot. */
  working(t: Test): Promise<{ readonly taker: Taker; readonly snapshot: string | undefined }>;
  /** One whose `prepare` throws; absent where nothing can go wrong. */
  unready?(t: Test): Promise<Taker>;
  /** One whose `take` throws. */
  failing?(t: Test): Promise<Taker>;
  /** One whose `take` does not end by itself; absent where it always does. */
  endless?(t: Test): Promise<Taker>;
  /** Processes and open files that it still has; none when all was given back. */
  leftovers(): Promise<readonly string[]>;
}

const LONG_MS = 20_000;
const OUTCOME = { consistency: 'none' } as const;

/** What agent/takers/taker.ts promises, of any taker. */
export function takerContract(kind: TakerKind): void {
  t.test(kind.name, async (t) => {
    whole(t, kind);
    if (kind.unready !== undefined) unready(t, kind, kind.unready);
    if (kind.failing !== undefined) failing(t, kind, kind.failing);
    if (kind.endless !== undefined) endless(t, kind, kind.endless);
    finishing(t, kind);
  });
}

function whole(t: Test, kind: TakerKind): void {
  t.test('prepare, take, finish', async (t) => {
    const { taker, snapshot } = await kind.working(t);
    t.match(taker.id, /^[a-z][a-z-]*$/);
    t.equal(typeof taker.takes, 'boolean');
    await taker.prepare(limit());
    const taken = await taker.take(limit(), { faults: [] });
    t.equal(taken.snapshot, snapshot);
    if (!taker.takes) t.notOk('snapshot' in taken, 'a rehearsal has nothing to show');
    await taker.finish({ consistency: 'file-system', ...taken }, limit());
    t.strictSame(await kind.leftovers(), []);
    await taker.finish({ consistency: 'file-system', ...taken }, limit());
  });
}

function unready(t: Test, kind: TakerKind, make: NonNullable<TakerKind['unready']>): void {
  t.test('finish after a prepare that failed', async (t) => {
    const taker = await make(t);
    await t.rejects(taker.prepare(limit()));
    await t.resolves(taker.finish(OUTCOME, limit()));
    t.strictSame(await kind.leftovers(), []);
  });
}

function failing(t: Test, kind: TakerKind, make: NonNullable<TakerKind['failing']>): void {
  t.test('a snapshot that was not taken is thrown, and can be finished', async (t) => {
    const taker = await make(t);
    await taker.prepare(limit());
    await t.rejects(taker.take(limit(), { faults: [] }), { message: /./ });
    await t.resolves(taker.finish(OUTCOME, limit()));
    t.strictSame(await kind.leftovers(), []);
  });
}

function endless(t: Test, kind: TakerKind, make: NonNullable<TakerKind['endless']>): void {
  t.test('the signal ends a take that goes on', async (t) => {
    const taker = await make(t);
    await taker.prepare(limit());
    const control = new AbortController();
    const taking = taker.take(control.signal, { faults: [] }).catch((error) => error);
    t.equal(await Promise.race([taking, later(200)]), 'later', 'it goes on');
    const reason = new Error('the freeze is lost');
    control.abort(reason);
    t.equal(await orUndefinedAfter(10_000, taking), reason, 'and is given up at once');
    await t.resolves(taker.finish(OUTCOME, limit()));
    t.strictSame(await kind.leftovers(), []);
  });

  t.test('a signal that was aborted before', async (t) => {
    const taker = await make(t);
    await taker.prepare(limit());
    const reason = new Error('too late');
    await t.rejects(taker.take(AbortSignal.abort(reason), { faults: [] }), reason);
    await t.resolves(taker.finish(OUTCOME, limit()));
    t.strictSame(await kind.leftovers(), []);
  });
}

function finishing(t: Test, kind: TakerKind): void {
  t.test('finish without anything, and after prepare alone', async (t) => {
    await t.resolves((await kind.working(t)).taker.finish(OUTCOME, limit()));
    const { taker } = await kind.working(t);
    await taker.prepare(limit());
    await t.resolves(taker.finish(OUTCOME, limit()));
    t.strictSame(await kind.leftovers(), []);
  });

  t.test('finish while prepare goes on, because that was given up', async (t) => {
    const { taker } = await kind.working(t);
    const preparing = taker.prepare(limit()).catch(() => undefined);
    await t.resolves(taker.finish(OUTCOME, limit()));
    await preparing;
    t.strictSame(await kind.leftovers(), [], 'what was opened late is given back');
  });
}

const limit = (): AbortSignal => AbortSignal.timeout(LONG_MS);

const later = (ms: number): Promise<'later'> => new Promise((resolve) => setTimeout(resolve, ms, 'later'));
