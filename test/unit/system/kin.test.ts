import t from 'tap';
import { kinOf, type ProcessStat, parseStat } from '../../../agent/system/kin.ts';

t.test('a line of /proc/PID/stat', async (t) => {
  const rest = '1 100 200 0 -1 4194560 86 0 0 0 0 0 0 0 20 0 1 0 6502 2600960 0';
  t.strictSame(parseStat(`99 (sh) S ${rest}`), {
    pid: 99,
    parent: 1,
    group: 100,
    session: 200,
    started: 6502,
    dead: false,
  });
  t.match(parseStat(`99 (a) R (b) Z ${rest}`), { parent: 1, dead: true }, 'a name with brackets, and a zombie');
  t.equal(parseStat(''), undefined);
  t.equal(parseStat('99 (sh) S 1 2'), undefined);
});

const one = (pid: number, parent: number, group = pid, session = group): ProcessStat => ({
  pid,
  parent,
  group,
  session,
  started: 0,
  dead: false,
});

t.test('who belongs to a program', async (t) => {
  const all = [
    one(10, 1),
    one(11, 10, 10),
    one(12, 1, 10),
    one(13, 1, 13, 10),
    one(14, 12),
    one(15, 14),
    one(20, 1),
    one(21, 20),
    one(30, 1),
  ];
  const pids = (leader: number | undefined, known: readonly number[]) =>
    kinOf(all, leader, known).map(({ pid }) => pid);
  t.strictSame(pids(10, []), [10, 11, 12, 13, 14, 15], 'by group, session and descent');
  t.strictSame(pids(10, [20]), [10, 11, 12, 13, 20, 14, 21, 15], 'and whoever came of one known otherwise');
  t.strictSame(pids(undefined, [30]), [30], 'the group’s number may be somebody else’s by now');
  t.strictSame(pids(99, [0, 1]), [], 'never those outside, nor everybody');
});
