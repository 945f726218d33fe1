import t from 'tap';
import { EBUSY, EIO } from '../../../agent/system/native.ts';
import { silenceOf } from '../../../agent/system/waits.ts';
import fc from '../../fast-check.ts';
import { numberOf, setRig, until } from './rig.ts';

// They mostly wait.
t.jobs = 6;

const [a, b] = ['a', 'b'].map(numberOf) as [number, number];

const LATE_ENDS: Readonly<
  Record<string, { readonly errno: number; readonly state: string; readonly calls: string[] }>
> = {
  'as if nothing had been': { errno: 0, state: 'hung', calls: ['freeze a', 'freeze b', 'thaw b', 'thaw a'] },
  'with a failure': { errno: EIO, state: 'failed', calls: ['freeze a', 'freeze b', 'thaw b'] },
  'because somebody else had it': { errno: EBUSY, state: 'foreign', calls: ['freeze a', 'freeze b', 'thaw b'] },
};

for (const [how, { errno, state, calls }] of Object.entries(LATE_ENDS)) {
  t.test(`a FIFREEZE that hangs keeps nothing else frozen, and ends later ${how}`, async (t) => {
    const rig = setRig(t, ['ab', 'c']);
    let late = 0;
    rig.set.onLateEnd = () => {
      late += 1;
    };
    const goOn = rig.libc.hang('freeze', a);
    const frozen = rig.set.freeze();
    await until('b is frozen', () => rig.libc.frozen.has(b));
    const patience = silenceOf(800);
    await rig.set.thaw();
    await frozen;
    t.notOk(patience.aborted, 'it is not waited for');
    t.strictSame(rig.states(), ['a hung', 'b hung', 'c failed']);
    t.strictSame(
      rig.set.unsettled.map(({ fileSystem }) => fileSystem.mountPoint),
      ['/a'],
    );
    t.equal(rig.libc.frozen.size, 0);
    t.equal(late, 0);
    goOn(errno);
    await until('a has come to its end', () => rig.set.unsettled.length === 0);
    t.equal(rig.states()[0], `a ${state}`);
    t.strictSame(rig.calls(), calls);
    t.equal(late, 1, 'and whoever waits for it is told');
    t.strictSame(rig.set.problems, []);
  });
}

t.test('a FITHAW that hangs keeps neither its group nor the next one frozen', async (t) => {
  const rig = setRig(t, ['c', 'ab']);
  let late = 0;
  rig.set.onLateEnd = () => {
    late += 1;
  };
  await rig.set.freeze();
  const goOn = rig.libc.hang('thaw', a);
  const startMs = performance.now();
  const patience = silenceOf(800);
  const thawed = rig.set.thaw();
  await until('the others are thawed', () => rig.effects().includes('thawed c'));
  t.notOk(patience.aborted, 'soon');
  t.strictSame(rig.effects().slice(-2), ['thawed b', 'thawed c']);
  await thawed;
  const tookMs = performance.now() - startMs;
  t.ok(tookMs > 500 && tookMs < 20_000, `patience has an end: ${tookMs} ms`);
  t.strictSame(
    rig.set.unsettled.map(({ fileSystem }) => fileSystem.mountPoint),
    ['/a'],
  );
  t.equal(late, 0);
  goOn();
  await until('a is thawed', () => rig.set.unsettled.length === 0);
  t.equal(late, 1);
  t.equal(rig.libc.frozen.size, 0);
});

t.test('a FIFREEZE that returns while the others are being thawed is thawed too', async (t) => {
  const rig = setRig(t, ['a', 'b']);
  const goOn = rig.libc.hang('freeze', b);
  const frozen = rig.set.freeze();
  await until('b hangs', () => rig.calls().includes('freeze b'));
  const letGo = rig.libc.hang('thaw', a);
  const thawed = rig.set.thaw();
  await until('a is being thawed', () => rig.calls().includes('thaw a'));
  goOn();
  await until('b is thawed', () => rig.effects().includes('thawed b'));
  letGo();
  await Promise.all([thawed, frozen]);
  t.equal(rig.libc.frozen.size, 0);
  t.strictSame(rig.set.unsettled, []);
});

/** What may come over one file system. */
const fate = fc.record({
  freeze: fc.constantFrom('ok', 'ok', 'hangs', 'hangs, then fails', 'EIO', 'throws', 'foreign'),
  thaw: fc.constantFrom('ok', 'ok', 'EIO', 'throws', 'others did'),
});

t.test('whatever happens, all that we froze is thawed in the end, and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { minLength: 1, maxLength: 6 }),
      fc.nat(),
      fc.boolean(),
      async (fates, at, early) => {
        const names = fates.map((_, index) => String.fromCharCode(97 + index));
        const cut = at % names.length;
        const groups = [names.slice(0, cut).join(''), names.slice(cut).join('')].filter((group) => group !== '');
        const last: (() => void)[] = [];
        const rig = setRig({ teardown: (work) => last.push(work) }, groups);
        const late = names.flatMap((name, index) => bend(rig.libc, numberOf(name), fates[index]));
        const frozen = rig.set.freeze();
        if (early || late.length > 0) await new Promise((resolve) => setTimeout(resolve, 3));
        else await frozen;
        for (const [index, { thaw }] of fates.entries()) {
          const fd = numberOf(names[index] ?? '');
          if (thaw === 'others did' && fates[index]?.freeze !== 'foreign') rig.libc.thawByOthers(fd);
        }
        await rig.set.thaw();
        for (const goOn of late) goOn();
        await until('all is settled', () => rig.set.unsettled.length === 0);
        await frozen;
        const foreign = names.filter((_, index) => fates[index]?.freeze === 'foreign').map(numberOf);
        const still = [...rig.libc.frozen].sort((x, y) => x - y);
        for (const work of last) work();
        if (still.join() !== foreign.join()) throw new Error(`still frozen: ${still}, by others: ${foreign}`);
      },
    ),
    { numRuns: 40 },
  );
});

type Libc = ReturnType<typeof setRig>['libc'];
type Fate = (typeof fate extends fc.Arbitrary<infer T> ? T : never) | undefined;

/** Returns what lets go of the FIFREEZE that hangs. */
function bend(libc: Libc, fd: number, fates: Fate): readonly (() => void)[] {
  const { freeze, thaw } = fates ?? { freeze: 'ok', thaw: 'ok' };
  if (thaw === 'EIO') libc.fail('thaw', fd, EIO);
  if (thaw === 'throws') libc.fail('thaw', fd, new Error('no thread'));
  if (freeze === 'EIO') libc.fail('freeze', fd, EIO);
  if (freeze === 'throws') libc.fail('freeze', fd, new Error('no thread'));
  if (freeze === 'foreign') libc.freezeByOthers(fd);
  if (!freeze.startsWith('hangs')) return [];
  const goOn = libc.hang('freeze', fd);
  return [() => goOn(freeze === 'hangs' ? 0 : EIO)];
}
