/**
 * What a snapshot of databases under load is worth: held by quiesced, frozen by it and no more, and taken as it is. The
 * host snapshots all disks in one step each time; the copy starts each server and counts the rows.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { COPY_DONE, runCopy, snapshotDisks } from './lab/copy.ts';
import { DATABASES } from './lab/recipe.ts';
import { rounds, vmTest } from './lab/scenario.ts';
import { acknowledged, SERVERS, type Server, startScript, startServers, type Worth, worthOf } from './lab/servers.ts';
import { HOLD_MS } from './lab/service.ts';
import { whyNot } from './lab/tools.ts';

const WAYS = ['nothing', 'frozen', 'held'] as const;
type Way = (typeof WAYS)[number];

/** Without scripts, which would count for holding the applications; and no checks, which take the processors. */
const CONFIG = `[snapshot]\nfrozen-deadline = ${HOLD_MS}ms\n[schedule]\nreadiness = off\n`;
const APPS = '/etc/quiesced/quiesced.conf.d/apps.conf';
const WRITING_MS = 3000;

interface Seen extends Worth {
  readonly way: Way;
  readonly server: Server;
  /** Rows that were acknowledged before the boundary and are not there. */
  readonly lost: number;
}

const seen: Seen[] = [];

vmTest(
  'databases under load',
  'ready',
  async (t, machine, state) => {
    await machine.put('/etc/quiesced/quiesced.conf.d/lab.conf', CONFIG, '0600');
    await machine.must('systemctl restart quiesced');
    await machine.put('/opt/lab/worth', startScript(COPY_DONE), '0755');
    await startServers(machine);
    await machine.must('sync');
    for (const way of WAYS) {
      if (way === 'held') await machine.put(APPS, SERVERS.map(({ config }) => config).join(''), '0600');
      else await machine.must(`rm -f ${APPS} && sync`);
      const scenario = {
        scenario: `databases under load: ${way}`,
        measured: way === 'nothing' ? 'snapshot' : 'from hold to release',
        atMost: { short: 2, full: 20 },
      };
      await rounds(t, machine, scenario, async (t, round) => {
        await sleep(WRITING_MS);
        const begunMs = Date.now();
        if (way !== 'nothing') {
          const { code, output } = await machine.run('quiesced hold');
          t.equal(code, 0, output);
        }
        const known = await acknowledged(machine);
        const disks = await snapshotDisks(machine, `${way}-${round}`);
        if (way !== 'nothing') {
          const { code, output } = await machine.run('quiesced release --json');
          t.equal(code, 0, output);
          const level = way === 'held' ? 'application' : 'file-system';
          t.match(JSON.parse(output), { consistency: level, faults: [] }, output);
        }
        const tookMs = Date.now() - begunMs;
        const since = await acknowledged(machine);
        // It would write on, and take the processors from the copy.
        await machine.qmp.execute('stop');
        const said = await runCopy(state, disks, '/opt/lab/worth').finally(() => machine.qmp.execute('cont'));
        for (const server of SERVERS) {
          const worth = worthOf(said, server.id);
          const missing = worth.last - worth.rows;
          const lost = Math.max(0, known[server.id] - worth.last) + Math.max(0, missing);
          seen.push({ ...worth, way, server, lost });
          t.ok(worth.started, `${server.title} starts on the copy, ${worth.last} rows`, { said: said.slice(-3000) });
          t.ok(worth.last <= since[server.id], 'no row is from later');
          t.ok(since[server.id] >= known[server.id] && known[server.id] > 0, 'somebody writes');
          if (way === 'held') t.equal(lost, 0, `${server.title}: no acknowledged row is lost`);
        }
        return tookMs;
      });
    }
  },
  DATABASES,
);

t.test('in a table', { skip: whyNot() }, async (t) => {
  t.comment('database | way | copies | started | copies that lack rows | rows lost | log gone through, KiB | start');
  for (const server of SERVERS) {
    for (const way of WAYS) {
      const these = seen.filter((one) => one.server.id === server.id && one.way === way);
      const [started, lacking] = [these.filter(({ started }) => started), these.filter(({ lost }) => lost > 0)];
      const lost = these.reduce((sum, one) => sum + one.lost, 0);
      const kib = Math.round(median(started.map(({ recoveredBytes }) => recoveredBytes)) / 1024);
      const ms = Math.round(median(started.map(({ startMs }) => startMs)));
      const cells = [server.title, way, these.length, started.length, lacking.length, lost, kib, `${ms} ms`];
      t.comment(cells.join(' | '));
    }
  }
});

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
