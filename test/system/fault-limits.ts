import type { FaultCase, Help } from './fault-case.ts';
import type { Process } from './fault-scenarios.ts';

/** How much less than everything by itself is promised. */
export interface Allowed {
  readonly help: Help;
  /** Nobody is left, or the kernel does not answer. */
  readonly thawByNextStart: boolean;
  readonly postMayRunTwice: boolean;
}

/** The limits that ARCHITECTURE.md documents, and none besides. */
export function allowedFor({ scenario, action, point, lives, whilePost, isOver }: FaultCase): Allowed {
  // The only one: before there is a guard, after it has gone, or when one of the two is dead already.
  const ended = /^(kill|hang|stop|throw)/.test(action);
  const nobodyLeft =
    action === 'kill both' || (lives.length === 1 && ended && !(lives[0] === 'daemon' && action === 'throw'));
  // The guard is dead already, so it is the second fault; or what could not be released stays owed.
  const fails = /^(ENOSPC|EIO|throw)$/.test(action);
  const second =
    fails &&
    (scenario.name === 'guard died' ||
      (action === 'throw' && /^((quiescer|recovery)\.release|client\.(ask|close))\./.test(point)));
  // Whether the post script ran is not known then, so it stays owed.
  const postBroke = action === 'throw' && (whilePost || point === 'post-script.run.before');
  // Everything is left, and the guard let go: nothing but the record of a run that has ended stays.
  const recordStays = isOver && !/^(kill guard|stop|close)/.test(action);
  // A call that hangs in the kernel: the guard lives until it returns.
  const inKernel = action === 'hang' && /\.(fifreeze|fithaw)\./.test(point);
  const byNextStart = nobodyLeft || second || inKernel || postBroke || recordStays || scenario.name === 'recovery';
  const help: Help = byNextStart ? 'next start' : (HELP_FOR[action] ?? 'none');
  return {
    help,
    thawByNextStart: nobodyLeft || second || (inKernel && point.includes('.fithaw.')),
    // Nobody waits for the timer to be gone: the post script may have begun meanwhile.
    postMayRunTwice: whilePost || point.startsWith('third-line.disarm.'),
  };
}

/** Who is stopped goes on only when somebody lets him, and what hangs is ended by somebody. */
const HELP_FOR: Partial<Record<FaultCase['action'], Help>> = {
  'stop daemon': 'continued',
  'stop guard': 'continued',
  hang: 'killed',
};

/** Why a case means nothing; undefined when it does. */
export function whyNone({ action, point, lives }: FaultCase): string | undefined {
  const needs: Partial<Record<FaultCase['action'], readonly Process[]>> = {
    'kill daemon': ['daemon'],
    'stop daemon': ['daemon'],
    'kill guard': ['guard'],
    'stop guard': ['guard'],
    'kill both': ['daemon', 'guard'],
    'close pipe': ['daemon', 'guard'],
  };
  const missing = needs[action]?.find((who) => !lives.includes(who));
  if (missing !== undefined) return `no ${missing} lives then`;
  if (action === 'ENOSPC' && !OURS.test(point)) return 'no file of ours is written there';
  if (action === 'EIO' && !OURS.test(point) && !IN_KERNEL.test(point)) return 'nothing is written there';
  return undefined;
}

const OURS = /^(lock|owed|file|history|freeze-record|second-line\.record|recovery\.(settle|history)|expedite)\b/;
const IN_KERNEL = /\.(fifreeze\.before|fithaw|syncfs)/;
