import t from 'tap';
import { type Check, pass } from '../../../agent/checks/check.ts';
import { chosenChecks } from '../../../agent/cli/choose-checks.ts';

const check = (id: string, group: Check['group'], more: Partial<Check> = {}): Check => ({
  id,
  group,
  title: id,
  run: async () => pass(''),
  ...more,
});
const EVERY = [
  check('os.arch64', 'os'),
  check('fs.types', 'storage'),
  check('fs.network', 'storage'),
  check('vss.writers', 'windows', { platforms: ['windows'] }),
];
const chosen = (values: Readonly<Record<string, readonly string[]>>) =>
  chosenChecks(new Map(Object.entries(values)), 'linux', EVERY);

t.test('those that are meant', async (t) => {
  const ids = (values: Parameters<typeof chosen>[0]) => chosen(values).checks.map(({ id }) => id);
  t.strictSame(ids({}), ['os.arch64', 'fs.types', 'fs.network']);
  t.strictSame(ids({ only: ['os.arch64,fs.types'] }), ['os.arch64', 'fs.types']);
  t.strictSame(ids({ only: ['os.arch64', 'fs.n*'] }), ['os.arch64', 'fs.network'], 'given twice');
  t.strictSame(ids({ skip: ['fs.*, vss.*'] }), ['os.arch64'], 'of another platform: not wrong');
  t.strictSame(ids({ group: ['storage'], skip: ['fs.types'] }), ['fs.network']);
});

t.test('whether that is all of them', async (t) => {
  t.ok(chosen({}).all);
  t.ok(chosen({ skip: ['vss.*'] }).all, 'what does not exist here is not missing');
  t.notOk(chosen({ skip: ['fs.types'] }).all);
});

const REFUSED = {
  'there is no check "os.arch46"; did you mean os.arch64?': { only: ['os.arch46'] },
  'there is no check "fs.typs"; did you mean fs.types?': { skip: ['fs.typs'] },
  'there is no check "quite.different"': { only: ['fs.types,quite.different'] },
  'there is no check ""': { only: ['fs.types,'] },
  'there is no group "storag"; did you mean storage?': { group: ['storag'] },
  'there is no group "toString"': { group: ['toString'] },
  'these flags leave no check to run': { only: ['vss.*'] },
};

for (const [message, values] of Object.entries(REFUSED)) {
  t.test(message, async (t) => {
    t.throws(() => chosen(values), { message, code: 'usage', exitCode: 2 });
  });
}
