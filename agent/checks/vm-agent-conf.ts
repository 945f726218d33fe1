import { type ConfOddity, switchOf, updatesItself, type WaagentConf } from '../system/waagent-conf.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { restarts } from './vm-agent-life.ts';
import { gatherWaagent, type Waagent } from './waagent.ts';

const dependsOn = ['agent.installed', 'agent.conf-syntax'];

/** Judges the configuration, or says that it cannot be read. */
async function withConf(
  { evidence }: CheckContext,
  judge: (conf: WaagentConf, waagent: Waagent) => Result,
): Promise<Result> {
  const waagent = await evidence(gatherWaagent);
  return waagent.conf === undefined ? skip(`${waagent.confPath} cannot be read`) : judge(waagent.conf, waagent);
}

/** A command that sets a key, whatever stands there now, and makes the agent read it. */
const sets = (key: string, value: string, { confPath, service }: Waagent): string =>
  `$ sed -i '/^ *${key.replaceAll('.', '\\.')} *=/d' ${confPath} && printf '\\n${key}=${value}\\n' >> ${confPath}\n${restarts(service)}`;

export const extensionsAreEnabled: Check = {
  id: 'agent.extensions-enabled',
  group: 'agent',
  title: 'The VM agent may run extensions',
  platforms: ['linux'],
  dependsOn,
  source: 'https://github.com/MicrosoftDocs/azure-docs/issues/42262',
  run: (_system, context) => withConf(context, judgeExtensions),
};

export const judgeExtensions = (conf: WaagentConf, waagent: Waagent): Result =>
  switchOf(conf, 'Extensions.Enabled')
    ? pass('Extensions.Enabled=y')
    : fail(
        'Extensions.Enabled=n: no extension runs, and so no backup',
        `Allow them:\n${sets('Extensions.Enabled', 'y', waagent)}`,
      );

export const autoUpdateIsOn: Check = {
  id: 'agent.autoupdate',
  group: 'agent',
  title: 'The VM agent keeps itself up to date',
  platforms: ['linux'],
  dependsOn,
  source: SOURCES.agentReadme,
  run: (_system, context) => withConf(context, judgeAutoUpdate),
};

export function judgeAutoUpdate(conf: WaagentConf, waagent: Waagent): Result {
  if (updatesItself(conf)) return pass('on');
  const key = conf.values.has('AutoUpdate.UpdateToLatestVersion')
    ? 'AutoUpdate.UpdateToLatestVersion'
    : 'AutoUpdate.Enabled';
  return warn(
    `${key}=n: the agent stays as old as its package`,
    `Let it follow Azure, or keep the package current by other means:\n${sets(key, 'y', waagent)}`,
  );
}

export const confIsClean: Check = {
  id: 'agent.conf-syntax',
  group: 'agent',
  title: 'The configuration of the VM agent is unambiguous',
  platforms: ['linux'],
  dependsOn: ['agent.installed'],
  source: 'https://github.com/Azure/WALinuxAgent/issues/763',
  async run(_system, { evidence }) {
    return judgeSyntax(await evidence(gatherWaagent));
  },
};

export function judgeSyntax({ conf, confMissing, confPath }: Waagent): Result {
  if (confMissing) {
    return fail(
      `there is no ${confPath}: the agent does not start without`,
      'Reinstall the package of the agent, or copy the file from a machine of the same distribution.',
    );
  }
  if (conf === undefined) return skip('needs root');
  if (conf.values.size === 0) {
    return fail(
      `${confPath} sets nothing: the agent does not start with an empty file`,
      'Reinstall the package of the agent.',
    );
  }
  if (conf.oddities.length === 0) return pass(confPath);
  return warn(
    conf.oddities.map((oddity) => `line ${oddity.line}: ${explain(oddity)}`).join('; '),
    `Edit ${confPath}: a key once, its value bare, comments on lines of their own that start with #.`,
  );
}

const EXPLANATIONS: Readonly<Record<ConfOddity['problem'], string>> = {
  'inline-comment': 'has a comment behind its value, which older agents take for a part of it',
  duplicate: 'is set for the second time; the last one counts',
  'carriage-return': 'ends with a carriage return, which becomes part of the value',
  'not-a-switch': 'is neither y nor n, so the default counts',
  'indented-comment': 'is a setting to the agent, since its # is not the first character',
};

const explain = ({ key, problem }: ConfOddity): string => `${key} ${EXPLANATIONS[problem]}`;
