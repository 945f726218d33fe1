/** What we wrote ourselves, after a disk, another version or a person got at it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { owedIn, provenRuns } from '../../../agent/checks/apps-record.ts';
import { judgeRehearsal, lastRehearsal } from '../../../agent/checks/filesystems-rehearsal.ts';
import { runsSection } from '../../../agent/cli/page/runs.ts';
import { renderHealth } from '../../../agent/cli/quick-health.ts';
import { outcomeLine } from '../../../agent/cli/render-outcome.ts';
import { openFreezeJournal, readFreezeJournal, removeSettledJournal } from '../../../agent/freezer/journal.ts';
import { healthOf } from '../../../agent/readiness/health.ts';
import type { Overview } from '../../../agent/readiness/overview.ts';
import { figuresOf } from '../../../agent/readiness/run-figures.ts';
import { parseStatus } from '../../../agent/reporters/status-file.ts';
import { knownOf, parseKnown, remembered, whatIsWorse } from '../../../agent/reporters/worse.ts';
import { readDue } from '../../../agent/schedule/record.ts';
import { readOwed as readOwedScripts } from '../../../agent/scripts/owed.ts';
import { readState } from '../../../agent/service/state.ts';
import { addToHistory, readHistory } from '../../../agent/snapshot/history.ts';
import { Journal, readOwed } from '../../../agent/snapshot/journal.ts';
import { parseJson } from '../../../agent/system/json.ts';
import { ownerOf, sealed } from '../../../agent/system/owned-file.ts';
import { problem, status } from '../../unit/reporters/told.ts';
import { outcomeOf } from '../../unit/snapshot/outcomes.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const STATE = '/var/lib/quiesced';
const SCRIPT = {
  source: 'config',
  name: '[scripts]',
  pre: { path: '/opt/pre', args: ['a'] },
  post: { path: '/opt/post', args: [] },
  timeoutMs: 30_000,
  preRetries: 0,
  postRetries: 2,
  required: false,
};
const OWED_SCRIPT = { runId: 'run-1', script: SCRIPT, mark: '0b9e4bd7-6f0a-4a3a-9c15-0a7be9c0a111' };
const RUN = { id: 'run-1', kind: 'snapshot', taker: 'command', startedAt: '2026-03-01T03:00:00.000Z' };
const OWED_FILE = {
  schema: 1,
  runs: [{ bootId: 'b', run: RUN, phases: { prepare: [OWED_SCRIPT], quiesce: [{ id: 'pg.main' }] } }],
};

/** A journal whose last freeze owes two thaws, and one that was settled. */
const FREEZE = [
  '{"bootId":"b1","intend":[{"id":"8:1","mountPoint":"/","mountPoints":["/","/mnt"]},{"id":"0:41","mountPoint":"/données","mountPoints":["/données"]}]}',
  '{"expedited":true}',
  '{"settled":"0:41","how":"thawed"}',
  '',
].join('\n');

const inMemory = (path: string, text: string) => memorySystem({ files: new Map([[`${STATE}/${path}`, text]]) });

const outcomes = [
  outcomeOf({ kind: 'rehearsal', wouldBe: 'application', taker: 'none' }),
  outcomeOf({
    id: 'run-2',
    faults: [{ phase: 'freeze', during: 'leave', message: 'the guard died', mountPoint: '/', remedy: 'df -i' }],
    left: [{ mountPoint: '/boot/efi', type: 'vfat', why: 'exempt', reason: 'FAT' }],
    warnings: ['a warning'],
    timeline: [{ phase: 'freeze', step: 'freeze', mountPoint: '/', atMs: 1010, tookMs: 4.2 }],
  }),
];
const HISTORY = `${outcomes.map((each) => JSON.stringify(each)).join('\n')}\n`;

/** What is written down must be read again as it was, beside whatever stood there before. */
const NOTHING_CHECKED = { trends: [] } as unknown as Overview;

async function history(text: string): Promise<void> {
  const system = inMemory('history.jsonl', text);
  for (const outcome of await readHistory(system)) {
    outcomeLine(outcome);
    mustHold(
      outcome.faults.every(({ phase }) => typeof phase === 'string'),
      'a fault of the history has its phase',
    );
    const runs = (await readHistory(system)).map((outcome) => ({ outcome, ...figuresOf(outcome) }));
    const section = `${runsSection({ ...NOTHING_CHECKED, runs })}`;
    mustHold(!/<(script|img|iframe|b onx)/i.test(section), 'no text of a run becomes markup of the page');
  }
  await addToHistory(system, outcomeOf({ id: 'new' }));
  mustHold((await readHistory(system)).at(-1)?.id === 'new', 'what is added to a history can be read');
  provenRuns(text);
  judgeRehearsal(lastRehearsal(text));
}

async function owed(text: string): Promise<void> {
  owedIn(text);
  const system = inMemory('owed.json', text);
  const runs = await readOwed(system);
  for (const { phases } of runs) readOwedScripts(phases.prepare);
  const journal = await Journal.begin(system, 'b2', { ...RUN, id: 'mine', kind: 'hold' });
  await journal.owe('prepare', [OWED_SCRIPT]);
  mustHold((await readOwed(system)).length === runs.length + 1, 'a run does not forget what those before it owe');
}

const json = (text: string): unknown => {
  try {
    return parseJson(text);
  } catch {
    return text;
  }
};

function anyJson(text: string): void {
  const value = json(text);
  mustHold(json(JSON.stringify(value)) !== undefined, 'what was read can be written, and read again');
}

function statusFile(text: string): void {
  let read: ReturnType<typeof parseStatus> | undefined;
  try {
    read = parseStatus(text);
  } catch {
    // The contract of `parseStatus`: it throws, and whoever asks says that the file is damaged.
  }
  const health = healthOf(read, 'it is damaged', new Date());
  mustHold([0, 1, 2, 3].includes(health.exitCode), 'an exit code of --health');
  const line = renderHealth(health, false);
  mustHold(line.indexOf('\n') === line.length - 1, '--health prints one line');
  renderHealth(health, true);
}

const STATUS = status({ problems: [problem('fail', 'os.load'), problem('warn', 'net.dhcp')], verdict: 'fail' });

/** On a real file, since a journal is read and appended to by descriptor. */
const freezeJournal: FuzzTarget = {
  name: 'freeze-journal',
  covers: ['openFreezeJournal', 'readFreezeJournal', 'removeSettledJournal'].map(
    (name) => `freezer/journal.ts ${name}`,
  ),
  samples: [FREEZE, `${FREEZE}{"settled":"8:1","how":"foreign"}\n{"expedited":false}\n`, '{"bootId":"b1","inte'],
  async prepare() {
    folder = mkdtempSync(join(tmpdir(), 'quiesced-fuzz-'));
    return async () => rmSync(folder, { recursive: true, force: true });
  },
  read(input) {
    const path = join(folder, 'freeze.jsonl');
    writeFileSync(path, input);
    const before = readFreezeJournal(path);
    const journal = openFreezeJournal(path, before?.bootId ?? 'b9');
    journal.intend([{ id: '7:99', mountPoint: '/x', mountPoints: ['/x'] }]);
    journal.close();
    const after = readFreezeJournal(path);
    const kept = before?.fileSystems.every(({ id }) => after?.fileSystems.some((each) => each.id === id)) ?? true;
    mustHold(kept, 'a new freeze of the same boot does not forget what is owed');
    mustHold(after?.fileSystems.some(({ id }) => id === '7:99') ?? false, 'what is intended is owed');
    removeSettledJournal(path);
    mustHold(readFileSync(path).length > 0, 'a record that owes something stays');
  },
};
let folder = '';

/** `systemctl show` of our own units. */
const UNITS =
  'UnitFileState=enabled\nActiveState=active\nMainPID=812\nMemoryCurrent=73400320\n\nUnitFileState=disabled\n';

async function service(text: string): Promise<void> {
  const files = new Map([
    ['/run/systemd/system/', ''],
    ['/etc/systemd/system/quiesced.service', text],
  ]);
  for (const { memoryBytes = 0 } of Object.values(
    (await readState(memorySystem({ files, programs: { systemctl: { stdout: text } } }))).units,
  )) {
    mustHold(Number.isSafeInteger(memoryBytes), 'memory is counted in bytes');
  }
  mustHold(ownerOf(sealed(`${text}\n`)) === 'us', 'what we seal is ours');
}

export const recordTargets: readonly FuzzTarget[] = [
  textTarget(
    'schedule',
    ['schedule/record.ts readDue'],
    ['{"schema":1,"due":{"readiness":"2026-11-21T09:00:00.000Z"}}'],
    async (text) => {
      for (const due of Object.values(await readDue(inMemory('schedule.json', text)))) {
        mustHold(typeof due === 'string' && !Number.isNaN(Date.parse(due)), 'a job is due at a time');
      }
    },
  ),
  textTarget(
    'service',
    ['service/state.ts readState', ...['sealed', 'ownerOf'].map((name) => `system/owned-file.ts ${name}`)],
    [UNITS, sealed('[Unit]\nDescription=quiesced\n')],
    service,
  ),
  freezeJournal,
  textTarget(
    'owed-file',
    ['snapshot/journal.ts readOwed', 'checks/apps-record.ts owedIn'],
    [JSON.stringify(OWED_FILE, undefined, 2), JSON.stringify({ schema: 1, runs: [] })],
    owed,
  ),
  textTarget('json', ['system/json.ts parseJson'], [JSON.stringify(OWED_FILE), '[[[1]],{"a":[{}]}]'], anyJson),
  textTarget('owed-scripts', ['scripts/owed.ts readOwed'], [JSON.stringify([OWED_SCRIPT])], (text) => {
    const { owed: scripts, problems } = readOwedScripts(json(text));
    for (const { message, code } of problems) mustHold(message !== '' && code !== '', 'a problem has a name');
    for (const { script } of scripts) mustHold(typeof script.post?.path === 'string', 'a post script has a path');
  }),
  textTarget(
    'history',
    [
      'snapshot/history.ts readHistory',
      'system/json-lines.ts objectsIn',
      ...['momentOf', 'shortMomentOf'].map((name) => `cli/page/words.ts ${name}`),
      ...['capital', 'notFrozen'].map((name) => `cli/render-outcome.ts ${name}`),
      'checks/apps-record.ts provenRuns',
      'checks/apps-record.ts readProvenRuns',
      'checks/filesystems-rehearsal.ts lastRehearsal',
    ],
    [HISTORY],
    history,
  ),
  textTarget('status-file', ['reporters/status-file.ts parseStatus'], [JSON.stringify(STATUS)], statusFile),
  textTarget(
    'notified',
    ['reporters/worse.ts parseKnown'],
    [JSON.stringify(knownOf(STATUS)), '{"problems":{}}'],
    (text) => {
      const known = parseKnown(text);
      whatIsWorse(known, STATUS);
      mustHold(whatIsWorse(knownOf(STATUS), STATUS) === undefined, 'what was told is not told again');
      mustHold(typeof remembered(known, STATUS).problems === 'object', 'what is remembered can be written');
    },
  ),
];
