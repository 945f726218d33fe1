import t from 'tap';
import { nearest } from '../../../agent/config/nearest.ts';

const KEYS = ['frozen-deadline', 'quiesce-deadline', 'on-failure', 'taker', 'taker-command', 'pre', 'post'];

const CASES: readonly (readonly [string, string | undefined])[] = [
  ['frozen-deadlin', 'frozen-deadline'],
  ['frozendeadline', 'frozen-deadline'],
  ['frozen_deadline', 'frozen-deadline'],
  ['FROZEN-DEADLINE', 'frozen-deadline'],
  ['frozen', 'frozen-deadline'],
  ['onfailure', 'on-failure'],
  ['taker', 'taker'],
  ['take', 'taker'],
  ['tak', undefined],
  ['takr', 'taker'],
  ['pree', 'pre'],
  ['pos', 'post'],
  ['colour', undefined],
  ['x', undefined],
  ['', undefined],
  ['x'.repeat(100_000), undefined],
];

for (const [word, wanted] of CASES) {
  t.test(`nearest to ${word.slice(0, 40)}`, async (t) => t.equal(nearest(word, KEYS), wanted));
}
