import { spawn } from 'node:child_process';
import { fstatSync } from 'node:fs';
import { durationMs } from '../../config/values.ts';
import { ask } from '../../control/client.ts';
import { endpointOf } from '../../control/endpoint.ts';
import type { ErrorReply, HoldRequest, RunStatus } from '../../control/protocol.ts';
import { assertHoldable, holdWishes } from '../../daemon.ts';
import { UserError, usageError } from '../../errors.ts';
import type { Outcome } from '../../snapshot/outcome.ts';
import type { System } from '../../system/system.ts';
import { askDaemon, patiently } from '../asking.ts';
import type { Command, CommandContext } from '../context.ts';
import { renderOutcome } from '../render-outcome.ts';

export const hold: Command = (context) => start(context, 'hold');
export const freeze: Command = (context) => start(context, 'freeze');

/** What the holder says on its first line. */
type FirstWord = RunStatus | Outcome | ErrorReply;

/** Has the daemon hold, or a process of its own; waits until it does, and leaves it alone with that. */
async function start(context: CommandContext, kind: 'hold' | 'freeze'): Promise<number> {
  const request = requestOf(context, kind);
  // What is wrong with the configuration or the mount points is better told here than through another process.
  const agent = await context.agent();
  const wishes = holdWishes(request);
  assertHoldable(context.system, wishes, await agent.plan(wishes), agent.config);
  const first = await patiently(
    context,
    async () => (await askDaemon<RunStatus | Outcome>(context, 'hold', request)) ?? alone(context, request),
  );
  if (first !== undefined && 'state' in first) return held(context, first);
  if (first === undefined) context.note('quiesced: the process that should hold has died\n');
  else context.print(context.json ? `${JSON.stringify(first)}\n` : renderOutcome(first, context.width));
  return 1;
}

/** Without a daemon: starts the process that holds. */
async function alone(
  { self, signal, system }: CommandContext,
  request: HoldRequest,
): Promise<RunStatus | Outcome | undefined> {
  const first = await firstWord([...self, 'keep-hold', '--json', '--', JSON.stringify(request)], system, signal);
  if (first === undefined || !('error' in first)) return first;
  const { code, message, remedy } = first.error;
  throw new UserError(code, message, remedy === undefined ? {} : { remedy });
}

function held({ system, json, print }: CommandContext, status: RunStatus): number {
  const code = status.faults.length === 0 ? 0 : LESS_HELD;
  // A file may lie on what is frozen now, and then this very line would wait for the thaw. The exit code says it too.
  if (system.platform === 'linux' && fstatSync(1).isFile()) return code;
  if (json) print(`${JSON.stringify(status)}\n`);
  else {
    const letGo = status.kind === 'freeze' ? 'quiesced thaw' : 'quiesced release';
    print(`Held until ${status.until} at the latest. Let go with: ${letGo}\n`);
    for (const { phase, message } of status.faults) print(`Not held as it should be: ${phase}: ${message}\n`);
  }
  return code;
}

const LET_GO_MS = 20_000;

/** `on-failure = continue` holds on with less; whoever takes the snapshot must be able to tell. */
const LESS_HELD = 3;

function requestOf({ given }: CommandContext, kind: 'hold' | 'freeze'): HoldRequest {
  const wanted = given.values.get('for')?.[0];
  const deadlineMs = wanted === undefined ? undefined : durationMs(wanted);
  if (wanted !== undefined && !(deadlineMs !== undefined && deadlineMs > 0)) {
    throw usageError(`--for ${wanted} is not a time; examples: 500ms, 5s, 2m`, kind);
  }
  const mounts = given.values.get('mount');
  return {
    kind,
    freeze: !given.switches.has('no-freeze'),
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(mounts === undefined ? {} : { mounts }),
  };
}

function firstWord(
  [file = '', ...args]: readonly string[],
  system: System,
  signal: AbortSignal,
): Promise<FirstWord | undefined> {
  const { promise, resolve } = Promise.withResolvers<FirstWord | undefined>();
  // Not bound to our terminal or folder; its warnings are in the outcome.
  const child = spawn(file, args, { detached: true, cwd: '/', stdio: ['ignore', 'pipe', 'ignore'], windowsHide: true });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
    const end = text.indexOf('\n');
    if (end >= 0) resolve(JSON.parse(text.slice(0, end)) as FirstWord);
  });
  child.on('error', () => resolve(undefined));
  child.on('exit', () => setTimeout(resolve, 100, undefined));
  // Ctrl-C while it is still entering: it lets go by itself.
  signal.addEventListener('abort', () => {
    // On Windows a signal would end it at once, with everything held.
    if (system.platform === 'windows')
      void ask(endpointOf(system), 'release', { silenceMs: LET_GO_MS }).catch(() => {});
    else child.kill('SIGTERM');
  });
  return promise.finally(() => {
    child.stdout.destroy();
    child.unref();
  });
}
