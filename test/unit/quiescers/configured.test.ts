import t, { type Test } from 'tap';
import { quiescerKinds } from '../../../agent/quiescers/all.ts';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

async function created(t: Test, text: string) {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  return createQuiescers(system, (await load({ [MAIN]: text })).config, ['node', 'main.ts']);
}

t.test('sections become quiescers, in their order', async (t) => {
  const text =
    '[quiescer redis.cache]\nport = 6380\n[quiescer postgresql]\non-failure = abort\n[quiescer mysql]\nenabled = no\n';
  const made = await created(t, text);
  t.match(made, [
    { id: 'redis.cache', title: 'Redis (cache)', kind: 'redis', holdMs: 60_000 },
    { id: 'postgresql', title: 'PostgreSQL', onFailure: 'abort' },
  ]);
  t.equal(made.length, 2, 'one that is not enabled is none');
  t.notOk('onFailure' in (made[0] ?? {}), 'what says nothing is as [snapshot] says');
});

t.test('nothing may take longer than all of it', async (t) => {
  const [one] = await created(
    t,
    '[snapshot]\nquiesce-deadline = 20s\n[quiescer sqlite]\ntimeout = 5m\nfiles = /a.db\n',
  );
  t.equal(one?.holdMs, 20_000);
});

const REFUSED: Readonly<Record<string, readonly [text: string, message: RegExp, remedy: RegExp]>> = {
  'an unknown application': [
    '[quiescer postgrsql.a]\nport = 1\n',
    /:2: \[quiescer postgrsql\.a\].*no application/,
    /Did you mean \[quiescer postgresql\.a\]/,
  ],
  'an unknown key': ['[quiescer redis]\nsockt = /a\n', /:2: .*sockt: is an unknown key/, /Did you mean socket\?/],
  'a value of the wrong kind': [
    '[quiescer mariadb]\nlock = row\n',
    /lock: is not one of auto, stage, tables/,
    /lock = auto/,
  ],
  'also where it is not enabled': [
    '[quiescer redis]\nenabled = no\nport = many\n',
    /:3: .*port: is not a whole number/,
    /port = /,
  ],
};

for (const [name, [text, message, remedy]] of Object.entries(REFUSED)) {
  t.test(name, async (t) => {
    await t.rejects(created(t, text), { code: 'config.invalid', message, remedy });
  });
}

t.test('every kind has a name of its own, and says what its keys mean', async (t) => {
  const ids = quiescerKinds.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const { id, keys } of quiescerKinds) {
    for (const [key, { about }] of Object.entries(keys))
      t.ok(about.endsWith('.') && about.length <= 120, `${id} ${key}`);
  }
});
