import { UserError } from '../errors.ts';
import { faultPoint } from '../fault-point.ts';
import { type Program, startProgram } from '../system/spawn.ts';
import type { System } from '../system/system.ts';
import { rejectedBy } from '../system/waits.ts';
import type { Taker } from './taker.ts';

const KILL_GRACE_MS = 2000;
/** What the command gets to see its end through after the thaw. */
const END_MS = 10_000;

/**
 * A command that takes the snapshot. It is started before the freeze; one JSON object a line:
 * it gets `{"event":"frozen"}`, answers `{"ok":true,"snapshot":"ID"}` or `{"ok":false,"error":"…"}`, then gets
 * `{"event":"thawed","outcome":{…}}` and the end of its input. The end of input before that means: given up.
 * It must not take a device-mapper (LVM) snapshot of a file system that is frozen here: that freezes it too.
 */
export function commandTaker(system: System, argv: readonly string[]): Taker {
  const answer = Promise.withResolvers<Answer>();
  answer.promise.catch(() => undefined);
  let program: Program | undefined;
  let asked = false;
  let finished = false;
  return {
    id: 'command',
    takes: true,
    async prepare() {
      await faultPoint('taker.prepare.before');
      program = await startProgram(system, argv, {
        input: 'lines',
        onLine: (line) => {
          const parsed = parseAnswer(line);
          // What it said before it was asked cannot be about what is frozen now.
          if (parsed !== undefined && asked) answer.resolve(parsed);
        },
      });
      await faultPoint('taker.prepare.after');
      // A `prepare` that was given up at its deadline goes on behind our back.
      if (finished) await program.killAll(KILL_GRACE_MS);
      const { pid, ended, output } = program;
      ended.then((end) =>
        answer.reject(new Error(`${argv[0]} ${describe(end)} without an answer: ${output().trim()}`)),
      );
      if (pid === undefined) {
        throw new UserError(
          'taker.not-started',
          `${argv[0]} could not be started: ${(await ended).reason ?? 'unknown'}`,
          {
            remedy: 'Give the full path of an executable file after "--", or in [snapshot] taker-command.',
          },
        );
      }
    },
    async take(signal) {
      asked = true;
      await faultPoint('taker.take.before');
      program?.writeLine(JSON.stringify({ event: 'frozen' }));
      const { ok, snapshot, error } = await Promise.race([answer.promise, rejectedBy(signal)]);
      await faultPoint('taker.take.after');
      if (!ok) throw new Error(`${argv[0]}: ${error ?? 'it says that it took no snapshot'}`);
      return snapshot === undefined ? {} : { snapshot };
    },
    async finish(outcome) {
      finished = true;
      if (program === undefined) return;
      await faultPoint('taker.finish.before');
      program.writeLine(JSON.stringify({ event: 'thawed', outcome }));
      program.endInput();
      await Promise.race([program.ended, new Promise((resolve) => setTimeout(resolve, END_MS).unref())]);
      const alive = await program.killAll(KILL_GRACE_MS);
      await faultPoint('taker.finish.after');
      if (alive.length > 0) throw new Error(`${argv[0]} does not end: process ${alive.join(', ')} hangs in the kernel`);
    },
  };
}

interface Answer {
  readonly ok: boolean;
  readonly snapshot?: string;
  readonly error?: string;
}

/** Lines that are no answer are talk: a program may well say what it is doing, and much of it. */
export function parseAnswer(line: string): Answer | undefined {
  // Before JSON.parse, whose error costs a hundred times as much: a flood must not use up the time while frozen.
  if (!line.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || !('ok' in value) || typeof value.ok !== 'boolean')
    return undefined;
  const text = (key: string): string | undefined => {
    const found: unknown = (value as Record<string, unknown>)[key];
    return typeof found === 'string' ? found : undefined;
  };
  const [snapshot, error] = [text('snapshot'), text('error')];
  return { ok: value.ok, ...(snapshot === undefined ? {} : { snapshot }), ...(error === undefined ? {} : { error }) };
}

const describe = (end: { readonly exitCode?: number; readonly signal?: string }): string =>
  end.signal === undefined ? `ended with exit code ${end.exitCode}` : `was ended by ${end.signal}`;
