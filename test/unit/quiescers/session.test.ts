/** The ready-made sessions of docs/quiescers.md, as they stand there, against a program that keeps the product's state. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import type { ConfiguredQuiescer } from '../../../agent/quiescers/quiescer.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/quiescers.md'), 'utf8');
const FIXTURES = join(import.meta.dirname, '../../fixtures');
const LIMIT = AbortSignal.timeout(240_000);
const READY_MADE = [...PAGE.matchAll(/```ini\n([^`]+)```/g)].map(([, text = '']) => text);
/** For the test that waits for it; and five seconds on top, in which the client has to be there, and hold. */
const SHORT_S = 4;

interface Scene {
  readonly quiescer: ConfiguredQuiescer;
  /** How often the product is held. */
  held(): number;
  /** By others, beside us. */
  setHeld(count: number): void;
  /** Kills the clients, by the numbers that they noted. */
  endClients(): void;
  /** Of the same section, as another process makes it. */
  again(): Promise<ConfiguredQuiescer>;
}

/** @param deadlineS the longest that a hold may outlive us, but for five seconds. */
async function sceneOf(t: Test, section: string, deadlineS = 120): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-session-'));
  const state = join(folder, 'state');
  const client = section.includes('mongosh')
    ? `${process.execPath}, ${FIXTURES}/fake-mongosh.ts, ${state}`
    : `${FIXTURES}/fake-session.sh, ${state}`;
  const own = section.replace(/^client = .*$/m, `client = ${client}`).replace(/^user = .*\n/m, '');
  const system = fakeSystem();
  t.teardown(() => {
    system.cleanUp();
    rmSync(folder, { recursive: true, force: true });
  });
  const text = `[snapshot]\nquiesce-deadline = ${deadlineS}s\nfrozen-deadline = 500ms\n${own}`;
  const again = async () => {
    const [quiescer] = await createQuiescers(system, (await load({ [MAIN]: text })).config, []);
    if (quiescer === undefined) throw new Error('no quiescer was made');
    return quiescer;
  };
  const held = () => {
    try {
      return Number(readFileSync(state, 'utf8'));
    } catch {
      return 0;
    }
  };
  const endClients = () => {
    for (const pid of readFileSync(`${state}.pids`, 'utf8').trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
  };
  const setHeld = (count: number) => writeFileSync(state, String(count));
  return { quiescer: await again(), again, held, setHeld, endClients };
}

// Three times the deadline is waited for.
t.setTimeout(300_000);
t.equal(READY_MADE.length, 4, 'all of the page');
for (const section of READY_MADE) {
  const [, name = ''] = /\[quiescer ([\w.-]+)\]/.exec(section) ?? [];
  const outlives = /outlives = yes/.test(section);

  t.test(`${name}: held, verified, released`, async (t) => {
    const { quiescer, held } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    t.equal(held(), 1);
    await quiescer.verify(LIMIT);
    await quiescer.release(LIMIT);
    t.equal(held(), 0);
    t.equal(quiescer.owed !== undefined, outlives, 'what outlives us is put on record');
  });

  t.test(`${name}: a hold that somebody else has ended is found out`, async (t) => {
    const { quiescer, again } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    const other = await again();
    if (outlives) await other.release(LIMIT);
    else await quiescer.release(LIMIT);
    await t.rejects(quiescer.verify(AbortSignal.timeout(300)));
    await quiescer.release(AbortSignal.timeout(300)).catch(() => undefined);
  });

  if (!outlives) continue;
  t.test(`${name}: what is held already is told, with the remedy, and left as it is`, async (t) => {
    const { quiescer, held, setHeld } = await sceneOf(t, section);
    await quiescer.ready?.(LIMIT);
    t.strictSame((await quiescer.detect(LIMIT)).stale, []);
    t.equal(held(), 0, 'to ask changes nothing');
    setHeld(1);
    t.match((await quiescer.detect(LIMIT)).stale, [{ what: /held already.*: .*quiesced no/, remedy: /let it go: \S/ }]);
    await t.rejects(async () => quiescer.ready?.(LIMIT), { code: 'quiescer.taken', remedy: /./ });
    t.equal(held(), 1, 'it is not ours');
  });

  t.test(`${name}: after somebody else has ended it there is nothing to release`, async (t) => {
    const { quiescer, held, setHeld } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    setHeld(0);
    await t.rejects(quiescer.verify(LIMIT), { message: /it answered: .*quiesced no/ }, 'told at once');
    setHeld(1);
    await quiescer.release(LIMIT);
    t.equal(held(), 1, 'another has held it since');
  });

  t.test(`${name}: what a client that died has left held is released at once, by another`, async (t) => {
    const { quiescer, held, endClients } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    endClients();
    await t.rejects(quiescer.verify(LIMIT), 'it was gone');
    t.equal(held(), 1);
    await quiescer.release(LIMIT);
    t.equal(held(), 0);
  });

  t.test(`${name}: who only was stopped is not waited for for ever`, async (t) => {
    const { quiescer, held, again } = await sceneOf(t, section, SHORT_S);
    await quiescer.hold(LIMIT);
    for (let count = 0; count < 600 && held() > 0; count += 1) await sleep(100);
    t.equal(held(), 0, 'the client has said the farewell by itself');
    await (await again()).release(LIMIT);
    t.equal(held(), 0, 'the next start finds nothing to do, and is told so');
    await quiescer.release(AbortSignal.timeout(1000)).catch(() => undefined);
  });

  t.test(`${name}: another process releases what is on record`, async (t) => {
    const { quiescer, held, again } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    const later = await again();
    await later.release(LIMIT);
    t.equal(held(), 0);
    await quiescer.release(AbortSignal.timeout(300)).catch(() => undefined);
  });
}

for (const name of ['mongodb', 'oracle']) {
  const section = READY_MADE.find((text) => text.includes(`[quiescer session.${name}]`)) ?? '';
  t.test(`${name}: who comes between the question and the hold keeps what he holds`, async (t) => {
    const { quiescer, held, setHeld } = await sceneOf(t, section);
    await quiescer.ready?.(LIMIT);
    setHeld(1);
    await t.rejects(quiescer.hold(LIMIT), { message: /it answered: .*(quiesced no|ORA-01146)/ });
    await quiescer.release(LIMIT);
    t.equal(held(), 1);
  });
}

t.test('mongodb: locks nest; ours is taken back once, and leaves none but those of others', async (t) => {
  const section = READY_MADE.find((text) => text.includes('[quiescer session.mongodb]')) ?? '';
  const { quiescer, held, setHeld } = await sceneOf(t, section);
  await quiescer.hold(LIMIT);
  setHeld(2);
  await quiescer.verify(LIMIT);
  await quiescer.release(LIMIT);
  t.equal(held(), 1);
});

t.test('a section that cannot tell a no is not complete', async (t) => {
  const section = READY_MADE.find((text) => text.includes('[quiescer session.oracle]')) ?? '';
  const { quiescer } = await sceneOf(t, section.replace(/^(denied|free) = .*\n/gm, ''));
  t.match((await quiescer.detect(LIMIT)).missing, [{ what: /does not say: free, denied$/ }]);
  await t.rejects(quiescer.hold(LIMIT), { code: 'quiescer.missing' });
});
