import t from 'tap';
import { silentLog } from '../../../agent/log.ts';
import { NO_SCRIPTS, type PlannedScripts } from '../../../agent/scripts/planned.ts';
import { type Script, ScriptError } from '../../../agent/scripts/script.ts';
import type { Evidence } from '../../../agent/snapshot/outcome.ts';
import { Timeline } from '../../../agent/snapshot/phases.ts';
import { PreparePhase } from '../../../agent/snapshot/prepare-phase.ts';
import { evidenceOf, type Phases } from '../../../agent/snapshot/run-phases.ts';
import { fakeSystem } from '../../fakes/system.ts';

const signal = new AbortController().signal;

type Applications = Evidence['applications'];

/** Scripts, applications, and what both come to: never more than the weaker of them proves. */
const TOGETHER: readonly (readonly [Applications, Applications, Applications])[] = [
  ['none', 'none', 'none'],
  ['none', 'verified', 'verified'],
  ['none', 'failed', 'failed'],
  ['script-only', 'none', 'script-only'],
  ['script-only', 'verified', 'verified'],
  ['script-only', 'failed', 'failed'],
  ['failed', 'none', 'failed'],
  ['failed', 'verified', 'failed'],
  ['failed', 'failed', 'failed'],
];

t.test('scripts and applications count as one', async (t) => {
  for (const [scripts, applications, both] of TOGETHER) {
    const phases = {
      prepare: { evidence: scripts },
      quiesce: { evidence: applications, folders: [] },
      freeze: { evidence: { frozen: 'all', freezeLostAtMs: undefined } },
      plan: () => ({ left: [] }),
    };
    const found = evidenceOf(phases as unknown as Phases, []);
    t.equal(found.applications, both, `scripts ${scripts}, applications ${applications}`);
    t.match(found, { frozen: 'all', unfreezable: [] });
  }
});

t.test('what cannot be frozen is named, what was excluded is not held against it', async (t) => {
  const left = ['unfreezable', 'excluded', 'exempt'].map((why) => ({ why, fileSystem: { mountPoint: `/${why}` } }));
  const phases = {
    prepare: { evidence: 'none' },
    quiesce: { evidence: 'none', folders: [] },
    freeze: { evidence: { frozen: 'some', freezeLostAtMs: 7 } },
    plan: () => ({ left }),
  };
  t.match(evidenceOf(phases as unknown as Phases, []), {
    unfreezable: ['/unfreezable'],
    frozen: 'some',
    freezeLostAtMs: 7,
  });
});

function phaseOf(t: { teardown(last: () => void): unknown }, planned: Partial<PlannedScripts>, required = false) {
  const system = fakeSystem();
  t.teardown(() => system.cleanUp());
  const owed: unknown[] = [];
  const phase = new PreparePhase({
    system,
    log: silentLog,
    planned: { ...NO_SCRIPTS, ...planned },
    required,
    runId: 'run-1',
    timeline: new Timeline(0),
    freezes: true,
    owe: async (what) => void owed.push(what),
  });
  return { phase, owed };
}

const HOW = { consistency: 'application', froze: true } as const;
const problem = new ScriptError('script.config', 'the file is broken', { stage: 'pre' });
const postOnly: Script = {
  source: 'config',
  name: '[scripts]',
  post: { path: '/etc/post.sh', args: [] },
  timeoutMs: 1000,
  preRetries: 0,
  postRetries: 0,
  required: false,
};

t.test('without scripts there is nothing to do, and no claim', async (t) => {
  const { phase } = phaseOf(t, {});
  t.equal(phase.evidence, 'none');
  await phase.ready();
  await phase.enter(signal);
  await phase.leave(HOW, signal);
  t.equal(phase.evidence, 'none');
  t.notOk(phase.required);
});

t.test('a file at fault is told, and is the end only where scripts are required', async (t) => {
  const optional = phaseOf(t, { problems: [problem] });
  await t.rejects(optional.phase.enter(signal), { errors: [problem] });
  t.equal(optional.phase.evidence, 'failed', 'something that should have been held was not');
  const required = phaseOf(t, { problems: [problem] }, true);
  t.ok(required.phase.required);
  await t.rejects(required.phase.enter(signal), { errors: [problem] });
  t.ok(phaseOf(t, { required: true }).phase.required, 'a script may ask for that itself');
});

t.test('a post script alone holds nothing', async (t) => {
  const { phase } = phaseOf(t, { scripts: [postOnly] });
  t.equal(phase.evidence, 'none');
});

t.test('a pre script that is not there was not run, and nothing was held', async (t) => {
  const { phase } = phaseOf(t, { scripts: [{ ...postOnly, pre: { path: '/nowhere/pre.sh', args: [] } }] });
  await t.rejects(phase.enter(signal));
  t.equal(phase.evidence, 'failed');
  await phase.leave(HOW, signal).catch(() => undefined);
});
