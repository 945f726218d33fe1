import { fstatSync, statSync } from 'node:fs';
import t from 'tap';
import { loadConfig } from '../../../agent/config/load.ts';
import { UserError } from '../../../agent/errors.ts';
import type { Freezer, ThawReport } from '../../../agent/freezer/freezer.ts';
import type { Left } from '../../../agent/freezer/selection.ts';
import { silentLog } from '../../../agent/log.ts';
import type { Quiescer } from '../../../agent/quiescers/quiescer.ts';
import { NO_SCRIPTS } from '../../../agent/scripts/planned.ts';
import { conduct, recoverUnlessBusy } from '../../../agent/snapshot/conduct.ts';
import { readHistory } from '../../../agent/snapshot/history.ts';
import { Journal, readOwed } from '../../../agent/snapshot/journal.ts';
import type { Parts, RunRequest } from '../../../agent/snapshot/parts.ts';
import { takeLock } from '../../../agent/system/lock.ts';
import { lockPath } from '../../../agent/system/run-lock.ts';
import { noneTaker } from '../../../agent/takers/none.ts';
import type { Taker } from '../../../agent/takers/taker.ts';
import { type FakeSystem, fakeSystem } from '../../fakes/system.ts';

const signal = new AbortController().signal;
const root = {
  id: '8:1',
  type: 'ext4',
  source: '/dev/sda1',
  readOnly: false,
  hidden: false,
  mountPoint: '/',
  mountPoints: ['/'],
};

interface Wishes {
  readonly freezer?: Partial<Freezer>;
  readonly report?: Partial<ThawReport>;
  readonly taker?: Taker;
  readonly left?: readonly Left[];
  readonly system?: Partial<FakeSystem>;
}

async function rigOf(t: { teardown(last: () => void): unknown }, wishes: Wishes = {}) {
  const own = fakeSystem({ files: { '/proc/sys/kernel/random/boot_id': 'boot-1\n' } });
  t.teardown(() => own.cleanUp());
  const system: FakeSystem = { ...own, ...wishes.system };
  const events: string[] = [];
  const lockFds: number[] = [];
  const note = (event: string) => async () => void events.push(event);
  const report: ThawReport = { problems: [], frozenMs: 12, firstThawAtMs: 99, steps: [], ...wishes.report };
  const freezer: Freezer = {
    async prepare() {
      return {
        lost: new AbortController().signal,
        async freeze() {
          events.push('freeze');
          const fileSystems = [{ id: root.id, mountPoint: '/', state: 'frozen' as const }];
          return { fileSystems, steps: [], warnings: ['less sure'] };
        },
        async end() {
          events.push('end');
        },
        async thaw() {
          events.push('thaw');
          return report;
        },
      };
    },
    ...wishes.freezer,
  };
  const application: Quiescer = {
    id: 'app',
    title: 'app',
    owed: 1,
    hold: note('hold'),
    verify: note('verify'),
    release: note('release'),
  };
  const parts: Parts = {
    system,
    log: silentLog,
    config: (await loadConfig(own)).config,
    quiescers: [application],
    freezer: (lockFd) => {
      lockFds.push(fstatSync(lockFd ?? -1).ino);
      return freezer;
    },
  };
  const taker: Taker = {
    id: 'fake',
    takes: true,
    prepare: note('prepare'),
    async take() {
      events.push('take');
      return { snapshot: 'snapshot-1' };
    },
    finish: note('finish'),
  };
  const request: RunRequest = {
    kind: 'snapshot',
    taker: wishes.taker ?? taker,
    plan: {
      freeze: { groups: [[root]], deadlineMs: 1000, expedite: false },
      left: wishes.left ?? [],
      scripts: NO_SCRIPTS,
      mountinfo: '',
      warnings: ['beware'],
    },
    quiescers: [application],
    takeMs: 1000,
    command: 'quiesced snapshot',
  };
  return { own, system, events, lockFds, parts, request, application };
}

t.test('a run from lock to history', async (t) => {
  const { system, events, lockFds, parts, request } = await rigOf(t);
  const outcome = await conduct(parts, request, signal);
  t.strictSame(events, ['prepare', 'hold', 'freeze', 'take', 'thaw', 'verify', 'release', 'finish', 'end']);
  t.match(outcome, {
    schema: 1,
    kind: 'snapshot',
    taker: 'fake',
    consistency: 'application',
    evidence: 'verified',
    snapshot: 'snapshot-1',
    frozenMs: 12,
    frozen: ['/'],
    warnings: ['beware', 'less sure'],
    faults: [],
  });
  t.notHas(outcome, 'froze', 'what is not part of the schema');
  t.notHas(outcome, 'wouldBe');
  t.strictSame(lockFds, [statSync(lockPath(system)).ino], 'the guard inherits the lock');
  t.strictSame(await readHistory(system), [outcome]);
  t.strictSame(await readOwed(system), []);
  t.equal((await conduct(parts, request, signal)).consistency, 'application', 'and the lock is free again');
});

t.test('a rehearsal takes nothing, and says what a snapshot would be', async (t) => {
  const { parts, request } = await rigOf(t, { taker: noneTaker });
  const outcome = await conduct(parts, { ...request, kind: 'rehearsal' }, signal);
  t.match(outcome, { kind: 'rehearsal', consistency: 'none', wouldBe: 'application', snapshot: undefined });
});

t.test('what is left alone is in the outcome, with its weight', async (t) => {
  const left = (mountPoint: string, source: string, why: Left['why']): Left => ({
    fileSystem: { ...root, mountPoint, source, type: 'x' },
    why,
    reason: 'because',
  });
  const all = [
    left('/tank', 'tank', 'unfreezable'),
    left('/boot/efi', '/dev/sda15', 'exempt'),
    left('/proc', 'proc', 'exempt'),
  ];
  const { parts, request } = await rigOf(t, { left: all });
  const outcome = await conduct(parts, request, signal);
  t.equal(outcome.consistency, 'crash');
  t.match(outcome.reason, /\/tank/);
  t.strictSame(outcome.left, [
    { mountPoint: '/tank', type: 'x', why: 'unfreezable', reason: 'because' },
    { mountPoint: '/boot/efi', type: 'x', why: 'exempt', reason: 'because' },
  ]);
});

t.test('a thaw that came early lowers the level', async (t) => {
  const problems = [{ kind: 'early' as const, mountPoint: '/', message: 'somebody else' }];
  const { parts, request } = await rigOf(t, { report: { problems } });
  t.match(await conduct(parts, request, signal), {
    consistency: 'crash',
    faults: [{ phase: 'freeze', mountPoint: '/' }],
  });
});

t.test('one at a time, and who is refused has touched nothing', async (t) => {
  const { system, events, parts, request } = await rigOf(t);
  await system.makeDir('/run/quiesced', 0o755);
  const lock = await takeLock(lockPath(system), { pid: 7, command: 'quiesced hold', since: 'noon' });
  await t.rejects(conduct(parts, request, signal), {
    code: 'lock.busy',
    message: /quiesced hold \(process 7, since noon\)/,
  });
  t.strictSame(events, []);
  t.equal(await recoverUnlessBusy(parts, 'quiesced thaw'), undefined, 'nor does anybody recover behind his back');
  lock.release();
  t.strictSame((await recoverUnlessBusy(parts, 'quiesced thaw'))?.outcomes, []);
});

t.test('a run that is refused owes nothing, and is no run', async (t) => {
  const refusal = new UserError('freeze.locked', 'another freeze is under way');
  const { system, events, parts, request } = await rigOf(t, { freezer: { prepare: () => Promise.reject(refusal) } });
  await t.rejects(conduct(parts, request, signal), refusal);
  t.strictSame(events, ['prepare', 'finish']);
  t.strictSame(await readOwed(system), []);
  t.strictSame(await readHistory(system), []);
});

t.test('so does one that cannot even see what runs', async (t) => {
  const { system, events, parts, request } = await rigOf(t);
  const fault = new Error('who listens cannot be listed');
  await t.rejects(conduct(parts, { ...request, unheld: () => Promise.reject(fault) }, signal), fault);
  t.strictSame(events, []);
  t.strictSame(await readOwed(system), [], 'it is not taken for one that died');
});

t.test('what a dead run left is settled first', async (t) => {
  const { system, events, parts, request } = await rigOf(t);
  const dead = { id: 'dead', kind: 'hold', taker: 'hold', startedAt: '2026-03-01T03:00:00.000Z' } as const;
  const journal = await Journal.begin(system, 'boot-1', dead);
  await journal.owe('quiesce', [{ id: 'app', owed: 1 }]);
  const outcome = await conduct(parts, request, signal);
  t.strictSame(events.slice(0, 2), ['release', 'prepare']);
  t.strictSame(
    (await readHistory(system)).map(({ id, consistency }) => `${id} ${consistency}`),
    ['dead none', `${outcome.id} application`],
  );
});

t.test('what cannot be let go stays owed, under the run that held it', async (t) => {
  const { system, parts, request, application } = await rigOf(t);
  const stuck = { ...application, release: () => Promise.reject(new Error('no connection')) };
  const outcome = await conduct(parts, { ...request, quiescers: [stuck] }, signal);
  t.equal(outcome.consistency, 'application');
  t.match(outcome.faults, [{ phase: 'quiesce', during: 'leave', message: 'app: no connection' }]);
  t.match(await readOwed(system), [{ run: { id: outcome.id }, phases: { quiesce: [{ id: 'app', owed: 1 }] } }]);
});

t.test('books that cannot be kept do not hide what came of it', async (t) => {
  let full = false;
  const rig = await rigOf(t, {
    system: {
      write: (path, text, options) => (full ? Promise.reject(new Error('ENOSPC')) : rig.own.write(path, text, options)),
      remove: (path) => (full ? Promise.reject(new Error('EROFS')) : rig.own.remove(path)),
    },
    taker: {
      ...noneTaker,
      takes: true,
      async take() {
        full = true;
        return { snapshot: 'snapshot-1' };
      },
    },
  });
  const outcome = await conduct(rig.parts, rig.request, signal);
  t.match(outcome, { consistency: 'application', snapshot: 'snapshot-1' });
  t.match(outcome.faults, [
    { phase: 'quiesce', during: 'leave', message: /owed.json cannot be written: ENOSPC/ },
    {
      phase: 'run',
      during: 'leave',
      message: /what is owed could not be written down: .*owed.json cannot be written: EROFS/,
    },
    { phase: 'run', during: 'leave', message: 'the history could not be written down: ENOSPC' },
  ]);
});

t.test('ended from outside, all is let go and the outcome says so', async (t) => {
  const end = new AbortController();
  const taker: Taker = {
    ...noneTaker,
    takes: true,
    take: () => {
      end.abort(new UserError('ended', 'ended by SIGTERM'));
      return new Promise(() => undefined);
    },
  };
  const { events, parts, request } = await rigOf(t, { taker });
  const outcome = await conduct(parts, request, end.signal);
  t.match(outcome, { consistency: 'none', faults: [{ phase: 'take', message: 'ended by SIGTERM' }] });
  t.strictSame(events, ['hold', 'freeze', 'thaw', 'verify', 'release', 'end']);
});
