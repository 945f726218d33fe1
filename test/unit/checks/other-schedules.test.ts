import t from 'tap';
import { cronHours, crontab, parseTimers } from '../../../agent/checks/other-schedules.ts';
import { array, assert, constantFrom, integer, oneof, property, string, tuple } from '../../fast-check.ts';

const range = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from + 1 }, (_, at) => from + at);

t.test('the hours of a field', async (t) => {
  for (const [field, hours] of [
    ['*', range(0, 23)],
    ['3', [3]],
    ['03', [3]],
    ['1-4', [1, 2, 3, 4]],
    ['*/6', [0, 6, 12, 18]],
    ['20/2', [20, 22]],
    ['8-12/2,22', [8, 10, 12, 22]],
    ['24', undefined],
    ['5-3', undefined],
    ['*/0', undefined],
    ['', undefined],
    ['sun', undefined],
    ['1,', undefined],
  ] as const) {
    t.strictSame(cronHours(field), hours, field);
  }
});

t.test('a list of ranges is the union of what each says', async (t) => {
  const part = tuple(integer({ min: 0, max: 23 }), integer({ min: 0, max: 23 })).map(
    ([a, b]) => [Math.min(a, b), Math.max(a, b)] as const,
  );
  assert(
    property(array(part, { minLength: 1 }), (parts) => {
      const field = parts.map(([from, to]) => `${from}-${to}`).join(',');
      const wanted = range(0, 23).filter((hour) => parts.some(([from, to]) => from <= hour && hour <= to));
      return cronHours(field)?.join() === wanted.join();
    }),
  );
  t.pass();
});

t.test('anything: hours of a day, or none', async (t) => {
  const text = oneof(
    string({ unit: 'binary' }),
    array(constantFrom('*', '/', '-', ',', '1', '23', '0')).map((all) => all.join('')),
  );
  assert(
    property(text, (field) =>
      (cronHours(field) ?? []).every((hour) => Number.isInteger(hour) && hour >= 0 && hour < 24),
    ),
  );
  t.pass();
});

t.test('lines of a crontab', async (t) => {
  const text = [
    '# 5 3 * * * root commented',
    'MAILTO=root',
    'SHELL=/bin/sh',
    '5 3 * * * root restic backup',
    '  */5\t2\t* * sun\tborg create',
    '@daily root kopia',
    '@reboot root restic',
    '5 3 * * *',
    '@constructor x',
    '',
  ].join('\n');
  t.strictSame(crontab(text), [
    { what: 'root restic backup', hours: [3] },
    { what: 'borg create', hours: [2] },
    { what: 'root kopia', hours: [0] },
  ]);
});

t.test('what systemctl says of timers', async (t) => {
  const block = (id: string, next: string) => `Unit=${id}.service\nNextElapseUSecRealtime=${next}\nId=${id}.timer\n`;
  t.strictSame(
    parseTimers([block('borgmatic', 'Sun 2026-11-22 02:07:11 UTC'), block('tmp', ''), block('n', 'n/a')].join('\n')),
    [{ what: 'borgmatic.timer borgmatic.service', hours: [2] }],
    'those that start by the clock',
  );
  assert(property(string({ unit: 'binary' }), (text) => parseTimers(text).every(({ hours }) => hours.length === 1)));
});
