import t, { type Test } from 'tap';
import { quiescerKinds } from '../../../agent/quiescers/all.ts';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { DROP_INS, load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { ADMINISTRATORS, descriptor, FULL, READ, SYSTEM, USERS } from '../system/descriptors.ts';

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
    /:1: \[quiescer postgrsql\.a\].*no application/,
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

t.test('a key of another platform is refused, with what to write instead', async (t) => {
  const system = fakeSystem({ platform: 'windows' });
  t.teardown(() => system.cleanUp());
  const made = async (text: string) => createQuiescers(system, (await load({ [MAIN]: text })).config, []);
  await t.rejects(made('[quiescer redis]\nsocket = C:\\redis.sock\n'), {
    code: 'config.invalid',
    message: `${MAIN}:2: [quiescer redis] socket: is for Linux only`,
    remedy: 'Name its port: port = NUMBER.',
  });
  await t.rejects(made('[quiescer redis]\nsckt = 1\n'), {
    message: /sckt: is an unknown key/,
    remedy: /lock-wait, host, port, db-user, password\.$/,
  });
  const one = await made('[quiescer redis]\nport = 6380\n[quiescer redis.b]\nsocket = C:\\a\nenabled = no\n');
  t.match(one, [{ id: 'redis' }], 'one file may serve many machines');
});

t.test('a password on Windows stands where administrators alone may read it', async (t) => {
  const fake = fakeSystem({ platform: 'windows' });
  t.teardown(() => fake.cleanUp());
  const { config } = await load({ [MAIN]: '[quiescer redis]\npassword = secret\n' });
  const source = config.quiescers[0]?.settings.password?.source.file;
  t.equal(source, MAIN);
  const made = (security: Buffer) =>
    createQuiescers({ ...fake, live: true, securityOf: async () => security }, config, []);
  const ours = [SYSTEM, ADMINISTRATORS].map((who) => ({ who, rights: FULL }));
  t.equal((await made(descriptor(ADMINISTRATORS, ours))).length, 1);
  await t.rejects(made(descriptor(ADMINISTRATORS, [...ours, { who: USERS, rights: READ }])), {
    message: /its password stands in a file that Users may read/,
    remedy: /^icacls ".*" .*\/inheritance:r/,
  });
});

t.test('a password stands where root alone may read it', async (t) => {
  const DROP_IN = `${DROP_INS}/b.conf`;
  const files = { [MAIN]: '[quiescer redis.a]\nport = 1\n', [DROP_IN]: '[quiescer redis.b]\npassword = secret\n' };
  const fake = fakeSystem({ files });
  t.teardown(() => fake.cleanUp());
  const { config } = await load(files);
  const made = (mode: number, gid = 0) => {
    const stat = async () => ({ kind: 'file', mode, uid: 0, gid, sizeBytes: 1, modifiedMs: 0 }) as const;
    return createQuiescers({ ...fake, live: true, stat }, config, []);
  };
  for (const [mode, gid, who] of [
    [0o644, 0, 'everybody'],
    [0o640, 4, 'group 4'],
    [0o644, 4, 'group 4 and everybody'],
  ] as const) {
    await t.rejects(made(mode, gid), {
      code: 'config.invalid',
      message: `${DROP_IN}:2: [quiescer redis.b]: its password stands in a file that ${who} may read`,
      remedy: `chmod go-r ${DROP_IN}`,
    });
  }
  t.equal((await made(0o640)).length, 2, 'as the package brings it: the group is that of root');
  t.equal((await made(0o600, 4)).length, 2);
});

t.test('every kind has a name of its own, and says what its keys mean', async (t) => {
  const ids = quiescerKinds.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length);
  for (const { id, keys } of quiescerKinds) {
    for (const [key, { about }] of Object.entries(keys))
      t.ok(about.endsWith('.') && about.length <= 120, `${id} ${key}`);
  }
});
