import { ACTIONS, type Action, type Help } from './fault-case.ts';

/** What became of one combination. */
export type Cell =
  | { readonly kind: 'none'; readonly why: string }
  | { readonly kind: 'kept'; readonly help: Help }
  | { readonly kind: 'broken'; readonly promises: readonly string[] };

export interface Row {
  readonly name: string;
  readonly cells: Map<Action, Cell>;
}

const SIGN: Readonly<Record<Help, string>> = {
  none: '+',
  continued: 'c',
  'told to end': 't',
  killed: 'k',
  'next start': 'n',
};

/** One line a point, one column an action. */
export function matrixText(rows: readonly Row[]): string {
  const whys = [...new Set(rows.flatMap(({ cells }) => [...cells.values()].flatMap((cell) => whyOf(cell) ?? [])))];
  const signOf = (cell: Cell | undefined): string => {
    if (cell === undefined) return ' ';
    if (cell.kind === 'none') return String(whys.indexOf(cell.why) + 1);
    return cell.kind === 'kept' ? SIGN[cell.help] : 'X';
  };
  const width = Math.max(...rows.map(({ name }) => name.length));
  const head = ACTIONS.map((action) => action.padEnd(8)).map((name) => name.split(' '));
  return [
    `${' '.repeat(width)}  ${head.map(([word = '']) => word.padEnd(6)).join(' ')}`.trimEnd(),
    `${' '.repeat(width)}  ${head.map(([, word = '']) => word.padEnd(6)).join(' ')}`.trimEnd(),
    ...rows.map(({ name, cells }) =>
      `${name.padEnd(width)}  ${ACTIONS.map((action) => signOf(cells.get(action)).padEnd(6)).join(' ')}`.trimEnd(),
    ),
    '',
    '+ all settled by itself  c once continued  t once told to end  k once killed  n by the next start  X BROKEN',
    ...whys.map((why, index) => `${index + 1} means nothing: ${why}`),
  ].join('\n');
}

const whyOf = (cell: Cell): string | undefined => (cell.kind === 'none' ? cell.why : undefined);
