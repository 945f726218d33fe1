import t from 'tap';
import { type Check, pass } from '../../../agent/checks/check.ts';
import { type Choice, checksOn, choose, unmatched } from '../../../agent/checks/select.ts';

const check = (id: string, group: Check['group'], more: Partial<Check> = {}): Check => ({
  id,
  group,
  title: id,
  run: async () => pass(''),
  ...more,
});

const CHECKS = [
  check('fs.network', 'storage'),
  check('fs.types', 'storage'),
  check('fsx.other', 'storage'),
  check('os.clock', 'os'),
  check('vss.writers', 'windows', { platforms: ['windows'] }),
];

const ids = (checks: readonly Check[]) => checks.map(({ id }) => id);

const CASES: Readonly<Record<string, { readonly choice: Partial<Choice>; readonly left: readonly string[] }>> = {
  'nothing said: all': { choice: {}, left: ['fs.network', 'fs.types', 'fsx.other', 'os.clock', 'vss.writers'] },
  'one, by its id': { choice: { only: ['os.clock'] }, left: ['os.clock'] },
  'a dot is a dot': { choice: { only: ['fs.*'] }, left: ['fs.network', 'fs.types'] },
  'a question mark is one character': { choice: { only: ['fs?.*'] }, left: ['fsx.other'] },
  'without some': { choice: { skip: ['fs*', 'vss.writers'] }, left: ['os.clock'] },
  'skip wins': { choice: { only: ['fs.*'], skip: ['fs.types'] }, left: ['fs.network'] },
  'a group': { choice: { groups: ['os', 'windows'] }, left: ['os.clock', 'vss.writers'] },
  'a part of a group': { choice: { groups: ['storage'], only: ['*.network', 'os.*'] }, left: ['fs.network'] },
  'an id is not a part of an id': { choice: { only: ['os'] }, left: [] },
};

for (const [name, { choice, left }] of Object.entries(CASES)) {
  t.test(name, async (t) => {
    t.strictSame(ids(choose(CHECKS, { only: [], skip: [], groups: [], ...choice })), left);
  });
}

t.test('patterns that mean nothing', async (t) => {
  t.strictSame(unmatched(['fs.*', 'fs', 'os.clok', '*'], CHECKS), ['fs', 'os.clok']);
});

t.test('those of a platform', async (t) => {
  t.notOk(ids(checksOn('linux', CHECKS)).includes('vss.writers'));
  t.ok(ids(checksOn('windows', CHECKS)).includes('vss.writers'));
});
