import t from 'tap';
import { compareVersions, parseWaagentVersion } from '../../../agent/checks/waagent-version.ts';
import { array, assert, constantFrom, nat, oneof, property, string } from '../../fast-check.ts';

/** As they stand in issues of WALinuxAgent: #424, #1475, #2670, #3207, and as seen from 2.7.3. */
const SHAPES: readonly (readonly [string, string, ReturnType<typeof parseWaagentVersion>])[] = [
  [
    '2.7.3',
    'WALinuxAgent-2.7.3.0 running on debian 12\nPython: 3.11.2\nGoal state agent: 2.7.3.0\n',
    { daemon: '2.7.3.0', goalState: '2.7.3.0', python: '3.11.2' },
  ],
  [
    'package older than what runs',
    'WALinuxAgent-2.2.45 running on ubuntu 18.04\nPython: 3.6.9\nGoal state agent: 2.8.0.11\n',
    { daemon: '2.2.45', goalState: '2.8.0.11', python: '3.6.9' },
  ],
  [
    '2.0, before 2016',
    'WALinuxAgent-2.0.16 running on ubuntu 14.04\n',
    { daemon: '2.0.16', goalState: '2.0.16', python: undefined },
  ],
  [
    '2.1, two lines',
    'WALinuxAgent-2.1.3 running on centos 7.2\nPython: 2.7.5\n',
    { daemon: '2.1.3', goalState: '2.1.3', python: '2.7.5' },
  ],
  [
    'distribution unknown',
    'WALinuxAgent-2.9.1.1 running on  \nPython: 3.12.3\nGoal state agent: 2.11.1.4\n',
    { daemon: '2.9.1.1', goalState: '2.11.1.4', python: '3.12.3' },
  ],
  [
    'warnings in between, CRLF',
    '/usr/sbin/waagent:27: DeprecationWarning: the imp module is deprecated\r\n  import imp\r\nWALinuxAgent-2.2.46 running on ubuntu 20.04\r\nPython: 3.8.10\r\nGoal state agent: 2.11.1.4\r\n',
    { daemon: '2.2.46', goalState: '2.11.1.4', python: '3.8.10' },
  ],
  ['a traceback', "Traceback (most recent call last):\nModuleNotFoundError: No module named 'distro'\n", undefined],
  ['nothing', '', undefined],
];

for (const [name, output, wanted] of SHAPES) {
  t.test(name, async (t) => {
    t.strictSame(parseWaagentVersion(output), wanted);
  });
}

t.test('older, equal, newer', async (t) => {
  for (const [a, b, sign] of [
    ['2.2.53', '2.2.53.1', -1],
    ['2.2.53.1', '2.2.53.1', 0],
    ['2.7.3', '2.7.3.0', 0],
    ['2.10.0.1', '2.9.1.1', 1],
    ['2.15.0.1', '2.2.53.1', 1],
  ] as const) {
    t.equal(Math.sign(compareVersions(a, b)), sign, `${a} ${b}`);
    t.equal(Math.sign(compareVersions(b, a)), sign === 0 ? 0 : -sign, `${b} ${a}`);
  }
});

t.test('any output has a reading', async (t) => {
  const piece = oneof(
    string(),
    constantFrom('WALinuxAgent-', '2.2.53.1', 'Goal state agent: ', 'Python: ', '\n', '.', ' '),
  );
  assert(
    property(array(piece), (pieces) => {
      const version = parseWaagentVersion(pieces.join(''));
      return version === undefined || compareVersions(version.daemon, version.daemon) === 0;
    }),
  );
  t.pass('total');
});

t.test('versions are ordered', async (t) => {
  const version = array(nat(99), { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.'));
  assert(
    property(version, version, version, (a, b, c) => {
      const antisymmetric = Math.sign(compareVersions(a, b)) + Math.sign(compareVersions(b, a)) === 0;
      const transitive = compareVersions(a, b) > 0 || compareVersions(b, c) > 0 || compareVersions(a, c) <= 0;
      return antisymmetric && transitive;
    }),
  );
  t.pass('total order');
});
