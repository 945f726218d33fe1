import t from 'tap';
import { checkRequest, holdRequest, snapshotRequest } from '../../../agent/control/requests.ts';

const READERS = { check: checkRequest, snapshot: snapshotRequest, hold: holdRequest };
type Name = keyof typeof READERS;

const ACCEPTED: readonly (readonly [Name, unknown])[] = [
  ['check', {}],
  ['check', { only: ['fs.space'], skip: ['os.*', 'net.dns'], group: ['storage'] }],
  ['snapshot', {}],
  ['snapshot', { rehearsal: true, mounts: ['/data', '/'] }],
  ['snapshot', { rehearsal: false, command: ['/bin/take', '--all'] }],
  ['snapshot', { command: [] }],
  ['hold', { kind: 'hold' }],
  ['hold', { kind: 'freeze', freeze: true, deadlineMs: 0.5, mounts: ['/données'] }],
  ['hold', { kind: 'hold', freeze: false, deadlineMs: 5000 }],
];

t.test('what is described is accepted as it is', async (t) => {
  for (const [name, body] of ACCEPTED) t.strictSame(READERS[name](body), body, `${name} ${JSON.stringify(body)}`);
});

const REFUSED: readonly (readonly [Name, unknown, RegExp])[] = [
  ...['text', 7, true, null, [], ['hold']].map((body) => ['hold', body, /must be a JSON object/] as const),
  ...(['only', 'skip', 'group'] as const).flatMap((key) =>
    ['fs.space', 7, null, {}, [7], [''], [null], ['a\0b'], [['a']]].map(
      (value) => ['check', { [key]: value }, new RegExp(`"${key}" must be a list of texts`)] as const,
    ),
  ),
  ...[1, 'yes', null, []].map(
    (value) => ['snapshot', { rehearsal: value }, /"rehearsal" must be true or false/] as const,
  ),
  ...['/bin/take', [''], ['/bin/take\0--yes'], [1]].map(
    (value) => ['snapshot', { command: value }, /"command" must be a list of texts/] as const,
  ),
  ...['/data', ['/data\0/root'], ['']].map((mounts) => ['snapshot', { mounts }, /"mounts" must be/] as const),
  ...['HOLD', '', 7, null, ['hold']].map((kind) => ['hold', { kind }, /"kind" must be "hold" or "freeze"/] as const),
  ...[1, 'no', null].map((freeze) => ['hold', { kind: 'hold', freeze }, /"freeze" must be true or false/] as const),
  ...['5s', 0, -1, null, [5]].map(
    (deadlineMs) => ['hold', { kind: 'hold', deadlineMs }, /"deadlineMs" must be a time in milliseconds/] as const,
  ),
  ['hold', JSON.parse('{"kind":"hold","deadlineMs":1e999}'), /"deadlineMs" must be/],
  ['hold', {}, /the key "kind" is missing/],
  ['hold', { freeze: true }, /the key "kind" is missing/],
  ['hold', { kind: 'hold', deadlinems: 5 }, /there is no key "deadlinems"; did you mean "deadlineMs"\?/],
  ['snapshot', { mount: ['/data'] }, /there is no key "mount"; did you mean "mounts"\?/],
  ['snapshot', { 'x"y': 1 }, /there is no key "x\\"y"$/],
  ['check', { kind: 'hold' }, /there is no key "kind"/],
  ['check', JSON.parse('{"__proto__":{"only":7}}'), /there is no key "__proto__"/],
  ['hold', JSON.parse('{"__proto__":{"kind":"hold"}}'), /there is no key "__proto__"/],
  ['check', { toString: 1 }, /there is no key "toString"/],
];

t.test('anything else is refused, and it is said what for', async (t) => {
  for (const [name, body, message] of REFUSED) {
    const refusal = { code: 'control.bad-request', message, remedy: /docs\/control-api\.md/ };
    t.throws(() => READERS[name](body), refusal, `${name} ${JSON.stringify(body)}`);
  }
});
