import type { Config } from '../config/schema.ts';
import { messageOf, UserError } from '../errors.ts';
import type { ConfiguredQuiescer } from '../quiescers/quiescer.ts';
import { unheldDatabases } from '../quiescers/unheld.ts';
import { redact } from '../redact.ts';
import { scriptProblems } from '../scripts/runnable.ts';
import { within } from '../snapshot/deadline.ts';
import { planSnapshot, type SnapshotPlan } from '../snapshot/plan.ts';
import type { System } from '../system/system.ts';
import { assertDiskshadow } from '../takers/vss/diskshadow.ts';
import { chooseVolumes } from '../takers/vss/volumes.ts';
import { type ExpectationEvidence, type Expected, expectedConsistency } from './expected.ts';

export interface ExpectationParts {
  readonly system: System;
  readonly config: Config;
  readonly quiescers: readonly Pick<ConfiguredQuiescer, 'title' | 'pick'>[];
  /** Why the configuration cannot be used; then a snapshot is refused. */
  readonly configFault?: UserError;
}

/** A file of a process that hangs in the kernel may never be read: the checks give up on theirs after as long. */
const LIMIT_MS = 5000;

/** What a snapshot of this machine would be worth now. Reads only, and never throws: what cannot be told is `unknown`. */
export async function expectOf(parts: ExpectationParts, limitMs = LIMIT_MS): Promise<Expected> {
  const { configFault } = parts;
  if (configFault !== undefined) return refused(parts.system, configFault);
  try {
    return expectedConsistency(await within('looking ahead', limitMs, () => gather(parts)));
  } catch (error) {
    if (error instanceof UserError) return refused(parts.system, error);
    return { consistency: 'unknown', reason: redact(messageOf(error)) };
  }
}

/** What stops us as root would stop a snapshot; without root it may only be that we may not look. */
const refused = ({ privileged }: System, error: UserError): Expected => ({
  consistency: privileged ? 'none' : 'unknown',
  reason: redact(error.message.split('\n')[0] ?? ''),
});

async function gather(parts: ExpectationParts): Promise<ExpectationEvidence> {
  const { system, config, quiescers } = parts;
  const [plan, unheld] = await Promise.all([planOf(system, config), unheldDatabases(system, quiescers)]);
  const { scripts, problems, required } = plan.scripts;
  const faults = await scriptProblems(system, scripts);
  const byVss = config.snapshot.taker === 'vss';
  if (byVss) await assertDiskshadow(system);
  const volumes = byVss ? (await chooseVolumes(system, config.vss.volumes)).chosen : [];
  return {
    frozen: [...plan.freeze.groups.flat().map(({ mountPoint }) => mountPoint), ...volumes.map(({ path }) => path)],
    byVss,
    whyNoneFrozen: whyNone(plan),
    unfreezable: plan.left.filter(({ why }) => why === 'unfreezable').map(({ fileSystem }) => fileSystem.mountPoint),
    preScripts: scripts.filter(({ pre }) => pre !== undefined).map(({ name }) => name),
    fileFaults: problems.map(({ message }) => redact(message)),
    scriptFaults: faults.map(({ message }) => redact(message)),
    required: required || config.snapshot.onFailure === 'abort',
    held: quiescers.map(({ title }) => title),
    unheld,
  };
}

/** The plan of `quiesced snapshot`. Nothing is frozen by it, so a test need not name the devices of its machine. */
const planOf = (system: System, config: Config): Promise<SnapshotPlan> =>
  planSnapshot(
    { ...system, env: { ...system.env, QUIESCED_TEST: undefined } },
    {
      freeze: true,
      scripts: config.scripts,
      exclude: config.freeze.exclude,
      deadlineMs: config.snapshot.frozenDeadlineMs,
      expedite: config.freeze.expedite,
    },
  );

function whyNone({ scripts, left }: SnapshotPlan): string {
  if (!scripts.freezeWanted) return "Azure's script configuration says fsFreezeEnabled: false";
  const excluded = left.find(({ why }) => why === 'excluded');
  return excluded?.reason ?? 'there is none that can be';
}
