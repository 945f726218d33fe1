import { messageOf } from '../../errors.ts';
import { faultPoint } from '../../fault-point.ts';
import { runnable } from '../../scripts/runnable.ts';
import { HOOK_WORDS, isHook, type OwedScript, ScriptError } from '../../scripts/script.ts';
import { endMarked } from '../../system/kin.ts';
import type { System } from '../../system/system.ts';
import type { HowItWent, LeaveOptions, Leaving } from './contract.ts';
import { scriptFailure, stillThere, together } from './failure.ts';
import { succeeded, TERM_GRACE_MS } from './run-script.ts';
import { runStage } from './run-stage.ts';

/** What is known of a snapshot whose process died: to leave what it left owed. */
export const INTERRUPTED: HowItWent = { result: 'interrupted', consistency: 'none', freeze: 'failed' };

/** `leave` over a list that it empties. Calls wait for each other, so that no command runs twice. */
export function leaveOwed(
  system: System,
  owed: OwedScript[],
  options: LeaveOptions,
  problems: readonly ScriptError[] = [],
): Leaving['leave'] {
  const untold = [...problems];
  let before: Promise<unknown> = Promise.resolve();
  return (signal, how) => {
    const mine = before.then(() => leaveAll(system, owed, { ...options, signal, how }, untold.splice(0)));
    before = mine.catch(() => undefined); // Told to the caller it belongs to.
    return mine;
  };
}

interface Context extends LeaveOptions {
  readonly signal: AbortSignal;
  readonly how: HowItWent;
}

async function leaveAll(system: System, owed: OwedScript[], context: Context, failures: ScriptError[]): Promise<void> {
  // What was not understood of the record is told now, and is not to be told at every start.
  if (failures.length > 0) failures.push(...(await recorded(owed, context)));
  const kept: OwedScript[] = [];
  for (let entry = owed.at(-1); entry !== undefined && !context.signal.aborted; entry = owed.at(-1)) {
    failures.push(...(await endPre(system, entry, context)));
    const failure = await leaveOne(system, entry, context);
    if (context.signal.aborted && failure?.code === 'script.cut-short') break;
    if (failure !== undefined) failures.push(failure);
    owed.pop();
    // Nobody knows whether it ran: at least once is better than not at all.
    if (failure?.code === 'script.broke') kept.unshift(entry);
    failures.push(...(await recorded([...owed, ...kept], context)));
  }
  owed.push(...kept);
  if (owed.length > 0) failures.push(stillOwed(owed, context.signal.reason));
  const failure = together(failures);
  if (failure !== undefined) throw failure;
}

/**
 * A pre command that outlived our process, or the time that it had, would hold the application again after its post
 * command has released it. Where one of its processes hangs in the kernel, that is told, and the post command runs.
 */
async function endPre(system: System, { script, mark }: OwedScript, { log }: Context): Promise<readonly ScriptError[]> {
  if (mark === undefined) return [];
  log?.warn('a pre script had not ended; what is left of it is ended', { script: script.name });
  await faultPoint('pre-script.end.before');
  const left = await endMarked(system, mark, TERM_GRACE_MS);
  await faultPoint('pre-script.end.after');
  return left.length === 0 ? [] : [stillThere(script, left)];
}

/** Never throws: the others must have their turn. */
async function leaveOne(system: System, entry: OwedScript, context: Context): Promise<ScriptError | undefined> {
  const { script } = entry;
  try {
    const argv = [...(await runnable(system, script, 'post')), ...hookArgument(entry, context.how)];
    await faultPoint('post-script.run.before');
    const result = await runStage(system, entry, 'post', argv, context);
    await faultPoint('post-script.run.after');
    return succeeded(result) ? undefined : scriptFailure(script, 'post', result);
  } catch (error) {
    if (error instanceof ScriptError) return error;
    const code = context.signal.aborted ? 'script.cut-short' : 'script.broke';
    return new ScriptError(code, `the post script ${script.name}: ${messageOf(error)}`, {
      script: script.name,
      stage: 'post',
      cause: error,
    });
  }
}

const hookArgument = ({ script }: OwedScript, { freeze }: HowItWent): readonly string[] =>
  isHook(script.source) ? [HOOK_WORDS[script.source][freeze]] : [];

/** What was done is done: a record that cannot be made must be told, for after a crash it would be done again. */
export async function recorded(
  owed: readonly OwedScript[],
  { record }: Pick<LeaveOptions, 'record'>,
): Promise<readonly ScriptError[]> {
  try {
    await record([...owed]);
    return [];
  } catch (error) {
    const message = `which post scripts are still owed could not be recorded: ${messageOf(error)}`;
    const remedy = 'Make room for the record. Until then a crash runs post scripts a second time.';
    return [new ScriptError('script.not-recorded', message, { stage: 'post', remedy, cause: error })];
  }
}

const stillOwed = (owed: readonly OwedScript[], cause: unknown): ScriptError => {
  const names = owed.map(({ script }) => script.name).join(', ');
  return new ScriptError('script.still-owed', `post scripts that must still run: ${names}`, {
    script: names,
    stage: 'post',
    cause,
    remedy: 'They run when quiesced starts the next time. To run them now: quiesced thaw',
  });
};
