import { usageError } from '../../errors.ts';
import { healthNow } from '../../readiness/health-now.ts';
import {
  install,
  installChanges,
  SERVICE_NAME,
  specOf,
  start,
  stop,
  uninstall,
  uninstallChanges,
} from '../../service/windows.ts';
import { applyChanges } from '../../system/changes.ts';
import { queryService } from '../../system/scm-windows.ts';
import type { CommandContext } from '../context.ts';
import { hang } from '../wrap.ts';

/** `service` where there is a service control manager. */
export async function windowsService(context: CommandContext): Promise<number> {
  const { given, system, self } = context;
  const [verb] = given.words;
  if (given.switches.has('on-demand')) {
    throw usageError('--on-demand is for systemd: on Windows the service stays', 'service');
  }
  const startNow = !given.switches.has('no-start');
  if (!startNow && verb !== 'install') throw usageError('--no-start is for service install', 'service');
  if (verb === 'status') return status(context);
  if (given.switches.has('dry-run'))
    return told(context, [`would ${verb} the service ${SERVICE_NAME}`, ...planned(context)]);
  if (verb === 'stop') return told(context, [(await stop(system)) ? 'The service is stopped.' : 'There is none.']);
  if (verb === 'start') {
    await start(system);
    return told(context, ['The service is running.']);
  }
  if (verb === 'install') {
    await applyChanges(system, installChanges());
    const refused = await install(system, self);
    if (startNow) await start(system);
    const done = startNow ? 'Installed, and running.' : 'Installed.';
    return told(context, [done, ...refused.map((what) => `This Windows does not take: ${what}`)]);
  }
  const was = await uninstall(system);
  await applyChanges(system, uninstallChanges());
  const kept = 'Configuration, history and what is owed stay in C:\\ProgramData\\quiesced.';
  return told(context, [was ? 'Stopped, and removed.' : 'There was none.', kept]);
}

const planned = ({ given, self }: CommandContext): readonly string[] =>
  given.words[0] === 'install' ? [specOf(self).argv.join(' ')] : [];

async function status(context: CommandContext): Promise<number> {
  const { exitCode, summary, stale, ageMs } = healthNow(context.system);
  const service = queryService(SERVICE_NAME);
  if (context.json) {
    const now = {
      schema: 1,
      ...(service === undefined ? {} : { service }),
      readiness: { exitCode, summary, stale, ageMs },
    };
    context.print(`${JSON.stringify(now, undefined, 2)}\n`);
    return 0;
  }
  const pid = service?.pid === undefined ? '' : `, process ${service.pid}`;
  const state = service === undefined ? 'not installed; as administrator: quiesced service install' : service.state;
  return told(context, [
    ...hang('Service:     ', `${state}${pid}`, context.width),
    ...hang('Readiness:   ', summary, context.width),
  ]);
}

function told({ given, json, print }: CommandContext, lines: readonly string[]): number {
  const applied = !given.switches.has('dry-run');
  const notes = lines.map((message) => ({ message }));
  print(json ? `${JSON.stringify({ schema: 1, applied, notes }, undefined, 2)}\n` : `${lines.join('\n')}\n`);
  return 0;
}
