/** A line of a comparison; `text` without its line end. */
interface Edit {
  readonly sign: ' ' | '-' | '+';
  readonly text: string;
}

const CONTEXT = 3;
/** Beyond that many the two are different texts, and the shortest way is not worth the square of its length. */
const MOST_EDITS = 500;
const NO_END = '\\ No newline at end of file';

/** As `diff -u` prints it, without the time stamps; `undefined` is no file. Empty where nothing differs. */
export function unifiedDiff(path: string, before: string | undefined, after: string | undefined): readonly string[] {
  const edits = compare(linesOf(before ?? ''), linesOf(after ?? ''));
  const hunks = hunksOf(edits);
  if (hunks.length === 0) return [];
  return [
    `--- ${before === undefined ? '/dev/null' : path}`,
    `+++ ${after === undefined ? '/dev/null' : path}`,
    ...hunks,
  ];
}

/** A last line without its end is another line than one with it. */
const linesOf = (text: string): readonly string[] => {
  const lines = text.split('\n');
  const last = lines.pop() ?? '';
  return last === '' ? lines : [...lines, `${last}\n${NO_END}`];
};

/** The shortest way from one to the other (Myers 1986): quick where little differs, however long the files are. */
function compare(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const start = commonStart(a, b);
  const [left, right] = [a.slice(start), b.slice(start)];
  const trace: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  const same = a.slice(0, start).map((text) => ({ sign: ' ' as const, text }));
  for (let cost = 0; cost <= MOST_EDITS; cost += 1) {
    trace.push(new Map(reach));
    for (let diagonal = -cost; diagonal <= cost; diagonal += 2) {
      let x = nextX(reach, diagonal, cost);
      while (x < left.length && x - diagonal < right.length && left[x] === right[x - diagonal]) x += 1;
      reach = reach.set(diagonal, x);
      if (x >= left.length && x - diagonal >= right.length) {
        return [...same, ...walkBack(trace, left, right)];
      }
    }
  }
  const all = (sign: '-' | '+', lines: readonly string[]): readonly Edit[] => lines.map((text) => ({ sign, text }));
  return [...same, ...all('-', left), ...all('+', right)];
}

function commonStart(a: readonly string[], b: readonly string[]): number {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  return start;
}

const goesDown = (reach: ReadonlyMap<number, number>, diagonal: number, cost: number): boolean =>
  diagonal === -cost || (diagonal !== cost && (reach.get(diagonal - 1) ?? 0) < (reach.get(diagonal + 1) ?? 0));

const nextX = (reach: ReadonlyMap<number, number>, diagonal: number, cost: number): number =>
  goesDown(reach, diagonal, cost) ? (reach.get(diagonal + 1) ?? 0) : (reach.get(diagonal - 1) ?? 0) + 1;

function walkBack(
  trace: readonly ReadonlyMap<number, number>[],
  left: readonly string[],
  right: readonly string[],
): readonly Edit[] {
  const edits: Edit[] = [];
  let [x, y] = [left.length, right.length];
  for (let cost = trace.length - 1; cost >= 0; cost -= 1) {
    const reach = trace[cost] as ReadonlyMap<number, number>;
    const down = goesDown(reach, x - y, cost);
    const from = x - y + (down ? 1 : -1);
    const fromX = reach.get(from) ?? 0;
    const fromY = fromX - from;
    while (x > fromX && y > fromY && x > 0 && y > 0) {
      x -= 1;
      y -= 1;
      edits.push({ sign: ' ', text: left[x] ?? '' });
    }
    if (cost > 0) edits.push(down ? { sign: '+', text: right[fromY] ?? '' } : { sign: '-', text: left[fromX] ?? '' });
    [x, y] = [fromX, fromY];
  }
  return edits.reverse();
}

/** Changes with what stands around them; those that are near each other together. */
function hunksOf(edits: readonly Edit[]): readonly string[] {
  const changed = edits.flatMap(({ sign }, index) => (sign === ' ' ? [] : [index]));
  const spans: [number, number][] = [];
  for (const index of changed) {
    const span = spans.at(-1);
    if (span !== undefined && index - span[1] <= 2 * CONTEXT) span[1] = index;
    else spans.push([index, index]);
  }
  return spans.flatMap(([first, last]) => {
    const from = Math.max(0, first - CONTEXT);
    const part = edits.slice(from, last + CONTEXT + 1);
    const before = edits.slice(0, from);
    const place = (sign: Edit['sign']) => {
      const count = part.filter((edit) => edit.sign === ' ' || edit.sign === sign).length;
      const start = before.filter((edit) => edit.sign === ' ' || edit.sign === sign).length;
      return `${count === 0 ? start : start + 1},${count}`;
    };
    return [`@@ -${place('-')} +${place('+')} @@`, ...part.flatMap(({ sign, text }) => `${sign}${text}`.split('\n'))];
  });
}
