import { join } from 'node:path';
import { messageOf, UserError } from '../errors.ts';
import { redact } from '../redact.ts';
import { refuseInTests } from '../system/imds.ts';
import { PATHS } from '../system/paths.ts';
import type { System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';
import type { Reporter, ReporterParts, Told } from './reporter.ts';
import type { Status, StatusExpected, StatusProblem } from './status.ts';
import { KNOWN_NOTHING, type Known, knownOf, parseKnown, remembered, whatIsWorse } from './worse.ts';

const PROGRAM_MS = 30_000;
const POST_MS = 10_000;

/** What the program gets on its input, and the address as a body. JSON: docs/schema/notice.schema.json. */
export interface Notice {
  readonly schema: 1;
  readonly event: 'worse';
  readonly hostname?: string;
  readonly time: string;
  readonly verdict: Status['verdict'];
  /** What was not so when we told last. */
  readonly worse: readonly StatusProblem[];
  readonly problems: readonly StatusProblem[];
  readonly expected: StatusExpected;
}

/** `[notify] on-failure`: a program of root's, called as `PROGRAM worse VERDICT` with the notice on its input. */
export const notifyProgram: Reporter = {
  id: 'notify-program',

  async report(told, parts) {
    const program = parts.config.notify.onFailure;
    if (program === undefined) return;
    await tellOnce('notify-program', told, parts, (notice) => runProgram(parts.system, program, notice));
  },
};

/** `[notify] url`: the notice, by POST. */
export const notifyUrl: Reporter = {
  id: 'notify-url',

  async report(told, parts) {
    const { url } = parts.config.notify;
    if (url === undefined) return;
    await tellOnce('notify-url', told, parts, (notice) => post(parts.system, url, notice));
  },
};

/**
 * Tells what has become worse since we told last, and remembers it: the same is not told again, not even after a
 * reboot. What could not be told is still owed at the next run.
 */
async function tellOnce(
  id: string,
  told: Told,
  { system }: ReporterParts,
  tell: (notice: Notice) => Promise<void>,
): Promise<void> {
  const { state } = PATHS[system.platform];
  const path = join(state, `${id}.json`);
  const text = await system.readText(path);
  const before = text === undefined ? KNOWN_NOTHING : parseKnown(text);
  const worse = whatIsWorse(before, told.status);
  const remember = async (known: Known) => {
    const next = `${JSON.stringify(known)}\n`;
    if (next === text) return;
    await system.makeDir(state, 0o700);
    await system.write(path, next, { mode: 0o600 });
  };
  if (worse === undefined) return remember(knownOf(told.status));
  try {
    await tell(noticeOf(told, worse));
  } catch (error) {
    // What has become better in the meantime is forgotten all the same: it is news if it comes back.
    await remember(remembered(before, told.status));
    throw error;
  }
  await remember(knownOf(told.status));
}

const noticeOf = ({ status, hostname }: Told, worse: readonly StatusProblem[]): Notice => ({
  schema: 1,
  event: 'worse',
  ...(hostname === undefined ? {} : { hostname }),
  time: status.time,
  verdict: status.verdict,
  worse,
  problems: status.problems,
  expected: status.expected,
});

async function runProgram(system: System, program: string, notice: Notice): Promise<void> {
  const found = system.live ? await distrust(system, program) : undefined;
  if (found !== undefined) throw new UserError('notify.unsafe', found.what, { remedy: found.remedy });
  const argv = [system.resolve(program), notice.event, notice.verdict];
  const { ended, exitCode, stderr } = await system.run(argv, {
    timeoutMs: PROGRAM_MS,
    input: `${JSON.stringify(notice)}\n`,
  });
  if (ended === 'exited' && exitCode === 0) return;
  const how = ended === 'exited' ? `exit code ${exitCode}` : ended;
  throw new Error(redact(`${program}: ${how}: ${stderr.trim().slice(0, 200)}`));
}

/** Redirections are not followed: a notice goes where root said, and nowhere else. */
async function post(system: System, url: string, notice: Notice): Promise<void> {
  refuseInTests(system, url);
  // Loaded on use only: it costs the idle daemon some megabytes.
  const { default: axios } = await import('axios');
  try {
    await axios.post(url, notice, {
      maxRedirects: 0,
      maxContentLength: 64 * 1024,
      timeout: POST_MS,
      // `timeout` alone does not cover a connection that is never accepted.
      signal: AbortSignal.timeout(POST_MS),
    });
  } catch (error) {
    // Not the error itself: it carries the address, whose path may be its password.
    throw new Error(redact(`${new URL(url).host}: ${messageOf(error)}`));
  }
}
