import { deepStrictEqual } from 'node:assert';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import {
  type FreezeJournal,
  type JournalledFileSystem,
  openFreezeJournal,
  readFreezeJournal,
  removeFreezeJournal,
} from '../../../agent/freezer/journal.ts';
import fc from '../../fast-check.ts';

const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
t.teardown(() => rmSync(folder, { recursive: true }));
let count = 0;
const freshPath = (): string => join(folder, `${++count}.jsonl`);

const fileSystem = (id: string): JournalledFileSystem => ({ id, mountPoint: `/${id}`, mountPoints: [`/${id}`, '/b'] });
const [A, B, C] = [fileSystem('8:1'), fileSystem('8:2'), fileSystem('0:31')];

function written(work: (journal: FreezeJournal) => void, path = freshPath()) {
  const journal = openFreezeJournal(path, 'boot-1');
  work(journal);
  journal.close();
  return { path, owed: readFreezeJournal(path) };
}

t.test('nobody owes anything without a record', async (t) => {
  t.equal(readFreezeJournal(freshPath()), undefined);
  t.strictSame(written(() => undefined).owed, {
    fileSystems: [],
    expedited: false,
    armed: undefined,
    bootId: undefined,
  });
});

t.test('what was intended is owed until it is settled, however that went', async (t) => {
  const { path, owed } = written((journal) => journal.intend([A, B, C]));
  t.strictSame(owed, { fileSystems: [A, B, C], expedited: false, armed: undefined, bootId: 'boot-1' });
  t.equal(statSync(path).mode & 0o777, 0o600);
  for (const how of ['thawed', 'foreign', 'failed'] as const) {
    const settled = written((journal) => {
      journal.intend([A, B]);
      journal.settled(A.id, how);
    });
    t.strictSame(settled.owed?.fileSystems, [B], how);
  }
});

t.test('frozen again after it was settled, it is owed again', async (t) => {
  const { owed } = written((journal) => {
    journal.intend([A]);
    journal.settled(A.id, 'thawed');
    journal.intend([A]);
  });
  t.strictSame(owed?.fileSystems, [A]);
});

t.test('nothing more than what a thaw needs is written', async (t) => {
  const { path } = written((journal) => journal.intend([{ ...A, type: 'ext4', secret: 'x' } as JournalledFileSystem]));
  t.strictSame(readFreezeJournal(path)?.fileSystems, [A]);
  t.notMatch(readFileSync(path, 'utf8'), /secret/);
});

t.test('the last deadline is known, also when all is settled', async (t) => {
  const first = { atMs: 1, untilMs: 10.5 };
  const last = { atMs: 20, untilMs: 30 };
  const { path, owed } = written((journal) => {
    journal.intend([A]);
    journal.armed(first);
    journal.settled(A.id, 'thawed');
  });
  t.match(owed, { fileSystems: [], armed: first });
  const again = (journal: FreezeJournal) => {
    journal.intend([B]);
    t.strictSame(readFreezeJournal(path)?.armed, first, 'until the next one has begun');
    journal.armed(last);
  };
  t.strictSame(written(again, path).owed?.armed, last);
  appendFileSync(path, '{"armed":{"atMs":');
  t.strictSame(readFreezeJournal(path)?.armed, last, 'one that was not written to its end has not begun');
});

t.test('expediting is owed from before it is raised until it is put back', async (t) => {
  t.equal(written((journal) => journal.expedited()).owed?.expedited, true);
  const both = (journal: FreezeJournal) => {
    journal.expedited();
    journal.restored();
  };
  t.equal(written(both).owed?.expedited, false);
});

t.test('is removed once nothing is owed, and again without a complaint', async (t) => {
  const path = freshPath();
  const work = (journal: FreezeJournal) => {
    journal.intend([A]);
    journal.expedited();
    journal.removeIfSettled();
    t.ok(existsSync(path), 'a thaw is owed, also to a run before us');
    journal.settled(A.id, 'thawed');
    journal.removeIfSettled();
    t.ok(existsSync(path), 'the expediting is owed');
    journal.restored();
    journal.removeIfSettled();
    journal.removeIfSettled();
  };
  written(work, path);
  t.notOk(existsSync(path));
  removeFreezeJournal(path);
  t.throws(() => removeFreezeJournal(folder), { code: /EISDIR|EPERM/ });
});

t.test('a torn last line was never acted upon', async (t) => {
  const { path } = written((journal) => {
    journal.intend([A, B]);
    journal.settled(A.id, 'thawed');
    journal.settled(B.id, 'thawed');
  });
  truncateSync(path, statSync(path).size - 5);
  t.strictSame(readFreezeJournal(path)?.fileSystems, [B]);
});

t.test('who goes on after a torn line does not lose his own', async (t) => {
  const { path } = written((journal) => journal.intend([A]));
  appendFileSync(path, '{"settled":"8:');
  t.strictSame(written((journal) => journal.intend([B]), path).owed?.fileSystems, [A, B]);
  appendFileSync(path, '{"settled":"8:');
  t.strictSame(written((journal) => journal.settled(A.id, 'thawed'), path).owed?.fileSystems, [B]);
});

t.test('what is none of our lines is never passed over: it may have said what is frozen', async (t) => {
  for (const rubbish of [
    'null',
    '5',
    '"text"',
    '[]',
    '{}',
    '\0\0\0',
    'x'.repeat(10_000),
    '{"intend":5}',
    '{"armed":5}',
    '{"armed":{"atMs":1}}',
  ]) {
    const { path } = written((journal) => journal.intend([A]));
    writeFileSync(path, `${readFileSync(path, 'utf8')}${rubbish}\n`);
    t.throws(() => readFreezeJournal(path), { code: 'journal.broken', message: /line 2/, remedy: /fsfreeze/ });
  }
});

t.test('a reboot settles what was owed before it', async (t) => {
  const { path } = written((journal) => {
    journal.intend([A]);
    journal.armed({ atMs: 1, untilMs: 2 });
  });
  const after = openFreezeJournal(path, 'boot-2');
  after.intend([{ ...A, id: '9:9' }]);
  after.close();
  t.match(readFreezeJournal(path), { bootId: 'boot-2', fileSystems: [{ id: '9:9' }] });
  t.equal(readFreezeJournal(path)?.fileSystems.length, 1);
  t.equal(readFreezeJournal(path)?.armed, undefined, 'the clock has begun anew too');
});

type Step = { readonly intend: readonly number[] } | { readonly settle: number } | { readonly expedite: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ intend: fc.uniqueArray(fc.nat({ max: 4 }), { maxLength: 4 }) }),
  fc.record({ settle: fc.nat({ max: 4 }) }),
  fc.record({ expedite: fc.boolean() }),
);

function take(journal: FreezeJournal, owed: Set<string>, each: Step): void {
  if ('intend' in each) {
    journal.intend(each.intend.map((number) => fileSystem(`7:${number}`)));
    for (const number of each.intend) owed.add(`7:${number}`);
  } else if ('settle' in each) {
    journal.settled(`7:${each.settle}`, 'thawed');
    owed.delete(`7:${each.settle}`);
  } else if (each.expedite) journal.expedited();
  else journal.restored();
}

/** What is owed after each step, with the length that the file had then. */
function play(
  path: string,
  steps: readonly Step[],
): readonly { readonly size: number; readonly owed: readonly string[] }[] {
  const journal = openFreezeJournal(path, 'boot-1');
  const owed = new Set<string>();
  const after = steps.map((each) => {
    take(journal, owed, each);
    return { size: statSync(path).size, owed: [...owed].sort() };
  });
  journal.close();
  return [{ size: 0, owed: [] }, ...after];
}

t.test('wherever the file is cut off, no file system that was owed then is missing', async () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 8 }), fc.nat(), (steps, cut) => {
      const path = freshPath();
      const states = play(path, steps);
      const size = cut % (statSync(path).size + 1);
      truncateSync(path, size);
      const read = readFreezeJournal(path)?.fileSystems.map(({ id }) => id) ?? [];
      // A line counts from its last byte on, with or without the end of the line after it.
      const last = states.findLastIndex((state) => state.size - (state.size > 0 ? 1 : 0) <= size);
      deepStrictEqual(read.toSorted(), states[last]?.owed);
    }),
    { numRuns: 300 },
  );
});
