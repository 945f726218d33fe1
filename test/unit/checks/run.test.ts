import t from 'tap';
import { type Check, type Finding, fail, info, pass, skip, warn } from '../../../agent/checks/check.ts';
import { ancestors, runChecks } from '../../../agent/checks/run.ts';
import type { Scene } from './machine.ts';
import { AZURE, machine } from './machine.ts';

const check = (id: string, run: Check['run'], more: Partial<Check> = {}): Check => ({
  id,
  group: 'os',
  title: id,
  run,
  ...more,
});

const run = async (checks: readonly Check[], scene: Scene = {}, onFinding?: (finding: Finding) => void) => {
  const { system, cleanUp } = machine(scene);
  try {
    return await runChecks(system, checks, { facts: AZURE, ...(onFinding === undefined ? {} : { onFinding }) });
  } finally {
    cleanUp();
  }
};

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

t.test('findings come in the order of the list, and are told as soon as they are known', async (t) => {
  const told: string[] = [];
  const findings = await run(
    [check('a.slow', async () => after(30).then(() => pass('late'))), check('a.quick', async () => pass('soon'))],
    {},
    ({ id }) => told.push(id),
  );
  t.strictSame(
    findings.map(({ id }) => id),
    ['a.slow', 'a.quick'],
  );
  t.strictSame(told, ['a.quick', 'a.slow']);
});

t.test('all start at once', async (t) => {
  const all = Promise.withResolvers<void>();
  let begun = 0;
  const waiting = async () => {
    begun += 1;
    if (begun === 20) all.resolve();
    await all.promise;
    return pass('');
  };
  const findings = await run(Array.from({ length: 20 }, (_, n) => check(`a.n${n}`, waiting)));
  t.ok(
    findings.every(({ verdict }) => verdict === 'pass'),
    'each has waited for the last one',
  );
});

t.test('a check that crashes is a finding of its own', async (t) => {
  const [crashed, sync, other] = await run([
    check('a.crash', async () => {
      throw new Error('no such thing');
    }),
    check('a.sync', () => {
      throw new TypeError('at once');
    }),
    check('a.other', async () => pass('fine')),
  ]);
  t.match(crashed, { verdict: 'error', detail: 'no such thing' });
  t.match(sync, { verdict: 'error', detail: 'at once' });
  t.match(other, { verdict: 'pass' });
});

t.test('a check that gives no answer is abandoned at its deadline', async (t) => {
  const [late] = await run([check('a.late', () => new Promise(() => undefined), { timeoutMs: 40 })]);
  t.match(late, { verdict: 'error', detail: /^no answer within [\d.]+ s$/ });
});

t.test('checks of another platform do not exist', async (t) => {
  const checks = [
    check('a.linux', async () => pass(''), { platforms: ['linux'] }),
    check('a.windows', async () => pass(''), { platforms: ['windows'] }),
    check('a.both', async () => pass('')),
  ];
  t.strictSame(
    (await run(checks)).map(({ id }) => id),
    ['a.linux', 'a.both'],
  );
});

t.test('without root', async (t) => {
  const checks = [check('a.root', async () => pass(''), { needsRoot: true }), check('a.any', async () => pass(''))];
  const [root, any] = await run(checks, { privileged: false });
  t.match(root, { verdict: 'skip', detail: 'needs root' });
  t.match(any, { verdict: 'pass' });
});

t.test('evidence is gathered once per run', async (t) => {
  let gathered = 0;
  const gather = async () => {
    gathered += 1;
    return gathered;
  };
  const asks = (id: string) => check(id, async (_system, { evidence }) => pass(String(await evidence(gather))));
  t.strictSame(
    (await run([asks('a.one'), asks('a.two')])).map(({ detail }) => detail),
    ['1', '1'],
  );
  t.strictSame(
    (await run([asks('a.one')])).map(({ detail }) => detail),
    ['2'],
    'and again in the next',
  );
});

t.test('secrets do not leave a check', async (t) => {
  const leaky = check('a.leaky', async () => fail('https://x/y?sig=abc&se=1', 'use http://user:pw@proxy:3128'));
  const [finding] = await run([leaky]);
  t.notMatch(JSON.stringify(finding), /abc|pw@/);
});

t.test('a cause hides its consequences', async (t) => {
  const cases: Readonly<Record<string, { cause: Check['run']; hidden: boolean; detail: string }>> = {
    failed: { cause: async () => fail('gone', 'fix'), hidden: true, detail: 'because a.cause failed' },
    'does not apply': {
      cause: async () => ({ ...info('not here'), hidesDependants: true }),
      hidden: true,
      detail: 'does not matter here: see a.cause',
    },
    warned: { cause: async () => warn('hm', 'fix'), hidden: false, detail: 'own' },
    skipped: { cause: async () => skip('needs root'), hidden: false, detail: 'own' },
    broke: { cause: async () => Promise.reject(new Error('bug')), hidden: false, detail: 'own' },
    passed: { cause: async () => pass(''), hidden: false, detail: 'own' },
  };
  for (const [name, { cause, hidden, detail }] of Object.entries(cases)) {
    const [, child, grandchild] = await run([
      check('a.cause', cause),
      check('a.child', async () => warn('own', 'fix'), { dependsOn: ['a.cause'] }),
      check('a.grandchild', async () => fail('own', 'fix'), { dependsOn: ['a.child'] }),
    ]);
    t.match(child, { verdict: hidden ? 'skip' : 'warn', detail }, name);
    t.match(grandchild, { verdict: hidden ? 'skip' : 'fail', detail }, `${name}, through another`);
    t.equal(child?.hiddenBy, hidden ? 'a.cause' : undefined, name);
    t.equal(grandchild?.hiddenBy, hidden ? 'a.cause' : undefined, `${name}: the root cause is named`);
    t.equal(child?.remedy, hidden ? undefined : 'fix', name);
  }
});

t.test('the root cause is named, not the nearest', async (t) => {
  const bad = async () => fail('own', 'fix');
  const [, , grandchild] = await run([
    check('a.cause', bad),
    check('a.child', bad, { dependsOn: ['a.cause'] }),
    check('a.grandchild', bad, { dependsOn: ['a.child'] }),
  ]);
  t.equal(grandchild?.hiddenBy, 'a.cause');
});

t.test('dependencies: unknown ones are nothing, and a circle ends', async (t) => {
  const one = check('a.one', async () => pass(''), { dependsOn: ['a.two', 'a.nowhere'] });
  const two = check('a.two', async () => pass(''), { dependsOn: ['a.one'] });
  t.strictSame(ancestors(one, [one, two]), ['a.two']);
  t.equal((await run([one, two])).length, 2);
});
