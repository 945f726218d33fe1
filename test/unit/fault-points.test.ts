import t from 'tap';
import { allFaultPoints, type FaultPoint, faultPointsIn, linesOf, sources } from '../system/fault-points.ts';

/** Where something is done that must be made good again, or written down. */
const SOURCES = sources(
  'agent/snapshot/**/*.ts',
  'agent/freezer/**/*.ts',
  'agent/scripts/**/*.ts',
  'agent/takers/{command,hold}.ts',
  'agent/takers/vss/*.ts',
  'agent/quiescers/**/*.ts',
  'agent/system/{atomic,lock,run-lock}.ts',
);

/** What does something to the machine, to another process or to a record. */
const EFFECTS: readonly RegExp[] = [
  /[.#]?libc\.(freeze|thaw|syncfs|lockFile|lockRecord)\(/,
  /\bsystem\.(write|makeDir|remove|removeDir|run)\(/,
  /\b(startProgram|runStage|endMarked|startGuard|spawn)\(/,
  /\bprogram\??\.(writeLine|killAll)\(/,
  /\bquiescer\.(hold|verify|release)\(/,
  /\b(addToHistory|recoverFreeze|openFreezeJournal|removeFreezeJournal)\(/,
  /\bjournal\??\.(intend|armed|expedited|settled|restored|removeIfSettled)\(/,
  /\bexpediter\?\.(raise|restore)\(/,
  /\b(openSync|writeSync|writeFileSync|ftruncateSync|renameSync|unlinkSync|openLock)\(/,
  /\bmachine\.(lock|openJournal)\(/,
  /\bports\.(send|recover|leave)\(/,
  /\bguard\.(open|freeze|thaw|bye|kill)\(/,
  /\blisten\?\.\(/,
];

/** What is defined there, not done. */
const DEFINED =
  /\b(function|interface|import)\b|^\s*(readonly )?\w+\??\(.*\): [\w<>[\] |]+;$|^\s*(async )?#?\w+\(.*\).* \{$/;

/** An effect and its points are one thought: they stand together. */
const NEAR_LINES = 16;

/** Effects without points of their own, and why they need none. */
const EXCEPT: readonly { readonly file: string; readonly text: RegExp; readonly why: string }[] = [
  { file: 'freezer/expedite', text: /openSync|writeSync/, why: 'whoever raises and restores it has them' },
  { file: 'freezer/journal', text: /openSync|writeSync|unlinkSync/, why: 'whoever writes a line has them' },
  { file: 'freezer/journal', text: /removeFreezeJournal\(path\)/, why: 'whoever removes the record has them' },
  { file: 'freezer/recover', text: /removeFreezeJournal/, why: 'of another boot: nothing is frozen' },
  { file: 'freezer/guard-connection', text: /spawn/, why: 'whoever starts the guard has them' },
  { file: 'freezer/guard-process', text: /spawn/, why: 'the guard has them around its recover' },
  { file: 'freezer/guard', text: /harmlessFd/, why: 'the kernel refuses it' },
  { file: 'freezer/guard', text: /^this\.#journal\?\.restored\(\);$/, why: 'nothing was raised' },
  { file: 'freezer/guard', text: /ports\.leave/, why: 'nothing comes after it' },
  {
    file: 'freezer/guard',
    text: /ports\.send\(\{$/,
    why: 'a refusal: nothing is frozen, and the daemon waits no longer than its limit',
  },
  { file: 'freezer/open', text: /O_RDONLY/, why: 'only read, and given back by the kernel' },
  { file: 'freezer/safe-freeze-lock', text: /openSync|lockRecord/, why: 'the guard has them around the taking' },
  {
    file: 'quiescers/postgresql',
    text: /makeDir\(folder|'(backup_label|tablespace_map)'/,
    why: 'belongs to the copy, not to the hold; each write has them',
  },
  { file: 'snapshot/history', text: /makeDir|write/, why: 'whoever adds to it has them' },
  { file: 'system/atomic', text: /'r'|writeSync|unlinkSync/, why: 'part of one write, which has them' },
  { file: 'takers/vss/delete-set', text: /run\(argv/, why: 'only asks' },
  { file: 'takers/command', text: /finished/, why: 'a start that was given up long ago' },
];

interface Effect {
  readonly file: string;
  readonly line: number;
  readonly text: string;
}

const effects: readonly Effect[] = SOURCES.flatMap((file) =>
  linesOf(file).flatMap((text, line) =>
    EFFECTS.some((pattern) => pattern.test(text)) && !DEFINED.test(text) ? [{ file, line, text: text.trim() }] : [],
  ),
);

/** One point before it and one after it, of the same step. */
const isBetween = (points: readonly FaultPoint[], { line }: Effect): boolean =>
  points.some(({ name, line: before }) => {
    const step = /^(.*)\.before$/.exec(name)?.[1];
    const after = points.find((point) => point.name === `${step}.after`)?.line ?? -1;
    return before < line && line < after && line - before <= NEAR_LINES && after - line <= NEAR_LINES;
  });

const exceptionOf = ({ file, text }: Effect) =>
  EXCEPT.find((each) => file === `agent/${each.file}.ts` && each.text.test(text));

t.test('every effect and every record has a fault point before it and one after it', async (t) => {
  const bare = effects.filter((effect) => !isBetween(faultPointsIn(effect.file), effect));
  t.strictSame(
    bare.filter((effect) => exceptionOf(effect) === undefined),
    [],
    'a new step gets two lines, or a reason why not',
  );
  const used = new Set(bare.map(exceptionOf));
  t.strictSame(
    EXCEPT.filter((each) => !used.has(each)),
    [],
    'no exception for what is gone',
  );
  t.ok(effects.length > 60, `${effects.length} effects are found`);
});

t.test('names say where and when, and are unique', async (t) => {
  const names = allFaultPoints().map(({ name }) => name);
  t.equal(new Set(names).size, names.length);
  t.strictSame(
    names.filter((name) => !/^[a-z]+(-[a-z]+)*\.[a-z]+(-[a-z]+)*\.(before|after)$/.test(name)),
    [],
  );
  t.ok(names.length > 80, `${names.length} of them are found`);
});
