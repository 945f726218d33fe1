import { UserError } from '../../errors.ts';
import { hasFailed, nameAndState, restarting, type VssWriters } from '../../system/vss-writers.ts';

/** Those that failed before anything was begun: what there is no use in going on with. */
export function failedBefore({ writers = [] }: VssWriters): UserError | undefined {
  const failed = writers.filter(hasFailed);
  if (failed.length === 0) return undefined;
  return new UserError('vss.writer-failed', `a VSS writer has failed before: ${failed.map(nameAndState).join(', ')}`, {
    remedy: restarting(failed),
  });
}

/**
 * What was not brought to rest, by the state that each writer is in after the shadow copy: one that has failed has not
 * taken part, and one that answers no more has most likely not either.
 */
export function writerProblems(before: VssWriters, after: VssWriters): readonly UserError[] {
  const { writers } = after;
  if (writers === undefined) {
    return [
      new UserError('vss.writers-unknown', `whether the VSS writers took part could not be asked: ${after.fault}`, {
        remedy: 'Ask them: vssadmin list writers',
      }),
    ];
  }
  const known = new Set(before.writers?.filter(hasFailed).map(({ id }) => id));
  const failed = writers.filter(hasFailed).map((writer) => {
    const earlier = known.has(writer.id) ? ', as before' : '';
    return new UserError('vss.writer-failed', `the VSS writer ${nameAndState(writer)} has failed${earlier}`, {
      remedy: restarting([writer]),
    });
  });
  const there = new Set(writers.map(({ id }) => id));
  const gone = (before.writers ?? []).filter(({ id }) => !there.has(id));
  const missing = gone.map(
    (writer) =>
      new UserError('vss.writer-gone', `the VSS writer ${writer.name} was there before and answers no more`, {
        remedy: restarting([writer]),
      }),
  );
  return [...failed, ...missing];
}
