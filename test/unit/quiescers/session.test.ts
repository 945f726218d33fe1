/** The ready-made sessions of docs/quiescers.md, as they stand there, against a program that keeps the product's state. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import type { Quiescer } from '../../../agent/quiescers/quiescer.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/quiescers.md'), 'utf8');
const CLIENT = join(import.meta.dirname, '../../fixtures/fake-session.sh');
const LIMIT = AbortSignal.timeout(120_000);
const READY_MADE = [...PAGE.matchAll(/```ini\n([^`]+)```/g)].map(([, text = '']) => text);
/** The longest that a hold may outlive us. */
const DEADLINE_S = 1;

interface Scene {
  readonly quiescer: Quiescer;
  /** How often the product is held. */
  held(): number;
  /** Kills the clients, by the numbers that they noted. */
  endClients(): void;
  /** Of the same section, as another process makes it. */
  again(): Promise<Quiescer>;
}

async function sceneOf(t: Test, section: string): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-session-'));
  const state = join(folder, 'state');
  const own = section.replace(/^client = .*$/m, `client = ${CLIENT}, ${state}`).replace(/^user = .*\n/m, '');
  const system = fakeSystem();
  t.teardown(() => {
    system.cleanUp();
    rmSync(folder, { recursive: true, force: true });
  });
  const text = `[snapshot]\nquiesce-deadline = ${DEADLINE_S}s\nfrozen-deadline = 500ms\n${own}`;
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
  return { quiescer: await again(), again, held, endClients };
}

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
    const { quiescer, held, again } = await sceneOf(t, section);
    await quiescer.hold(LIMIT);
    for (let count = 0; count < 200 && held() > 0; count += 1) await sleep(100);
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
