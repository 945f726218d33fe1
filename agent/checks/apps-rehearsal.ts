import { HOST_CONF } from '../scripts/azure.ts';
import { PATH_STYLE, PATHS } from '../system/paths.ts';
import { modifiedMs, readableList } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type ProvenRun, readProvenRuns } from './apps-record.ts';
import { NOT_LIVE, SCRIPTS_ANYWHERE } from './apps-scripts.ts';
import { type Check, type CheckContext, info, pass, type Result, skip, warn } from './check.ts';
import { REHEARSAL } from './limits.ts';
import { gatherScripts } from './scripts.ts';

export interface RehearsalSigns {
  readonly nowMs: number;
  readonly last: ProvenRun | undefined;
  /** The file of the configuration or of a script that was changed last. */
  readonly newest: { readonly path: string; readonly modifiedMs: number } | undefined;
  /** Whether there are scripts: what was never run is not known to work. */
  readonly scripts: boolean;
}

/** Whether all of it works shows in a run only. */
export const wasRehearsed: Check = {
  ...SCRIPTS_ANYWHERE,
  id: 'app.rehearsal-age',
  title: 'A snapshot was rehearsed lately, as it is configured',
  source: REHEARSAL.source,
  async run(system, context) {
    if (!system.live) return skip(NOT_LIVE);
    return judgeRehearsal(await gatherRehearsal(system, context));
  },
};

const REMEDY = 'Rehearse one at a calm hour; it asks before it does anything:\n$ quiesced rehearse';

export function judgeRehearsal({ nowMs, last, newest, scripts }: RehearsalSigns): Result {
  if (last === undefined) {
    const detail = 'no snapshot was rehearsed or taken here without a fault';
    return scripts ? warn(`${detail}: nobody knows whether the scripts work`, REMEDY) : info(detail, REMEDY);
  }
  const days = Math.floor(Math.max(0, nowMs - last.startedAtMs) / 86_400_000);
  const done = `${last.kind === 'rehearsal' ? 'rehearsed' : 'taken'} ${days === 0 ? 'today' : `${days} days ago`}`;
  if (newest !== undefined && newest.modifiedMs > last.startedAtMs) {
    return warn(`${done}, and ${newest.path} was changed since`, REMEDY);
  }
  return nowMs - last.startedAtMs > REHEARSAL.ms ? warn(`${done}, the last time without a fault`, REMEDY) : pass(done);
}

async function gatherRehearsal(system: System, { evidence }: CheckContext): Promise<RehearsalSigns> {
  const { scripts, asked } = await evidence(gatherScripts);
  const { configFile, configDropIns, hooks } = PATHS[system.platform];
  const { join } = PATH_STYLE[system.platform];
  const dropIns = (await readableList(system, configDropIns)).map((name) => join(configDropIns, name));
  const commands = scripts.flatMap(({ pre, post }) => [pre?.path, post?.path]).filter((path) => path !== undefined);
  // A folder's own time changes when a file in it comes or goes.
  const files = [
    configFile,
    configDropIns,
    ...dropIns,
    hooks,
    ...(system.platform === 'linux' ? [HOST_CONF] : []),
    ...asked.map(({ file }) => file),
    ...commands,
  ];
  const dated = await Promise.all(
    [...new Set(files)].map(async (path) => ({ path, modifiedMs: (await modifiedMs(system, path)) ?? 0 })),
  );
  const newest = dated.sort((a, b) => b.modifiedMs - a.modifiedMs)[0];
  return {
    nowMs: system.clock.now().getTime(),
    last: (await readProvenRuns(system)).at(-1),
    newest: newest !== undefined && newest.modifiedMs > 0 ? newest : undefined,
    scripts: scripts.length > 0,
  };
}
