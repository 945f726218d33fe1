import type { FileStat, System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';
import { DEFAULT_HOST_CONF, type HostConf, parseHostConf } from './host-conf.ts';
import { type PluginConfig, parsePluginConfig } from './plugin-config.ts';
import { isRegistration, REGISTRATION } from './registration.ts';
import { AZURE_CODES, type Command, type Script, ScriptError, type ScriptStage } from './script.ts';

/** Names the plugins and their limit; read when it is there. */
export const HOST_CONF = '/etc/azure/VMSnapshotPluginHost.conf';

/** The scripts that are configured for Microsoft's extension, and what its files ask of the snapshot. */
export interface AzureScripts {
  readonly scripts: readonly Script[];
  /** Where a file is at fault its scripts are not run, neither pre nor post, as upstream does. */
  readonly problems: readonly ScriptError[];
  /** Some plugin's `continueBackupOnFailure` is off, or it relies on its script in place of a freeze. */
  readonly required: boolean;
  /** `fsFreezeEnabled`: off when the script itself does what the freeze would do, or cannot live with it. */
  readonly freezeWanted: boolean;
  /** What each file asks for, before limits: what is granted stands in `scripts`. */
  readonly asked: readonly AskedPlugin[];
}

export interface AskedPlugin {
  readonly file: string;
  readonly config: PluginConfig;
  readonly hostTimeoutSeconds: number;
}

/** No file means no such scripts. Reads only; what is found is checked again just before it runs. */
export async function readAzureScripts(system: System): Promise<AzureScripts> {
  if (system.platform !== 'linux') return combine([]);
  try {
    const host = await readHostConf(system);
    return combine(await Promise.all(host.plugins.map((plugin) => readPlugin(system, plugin, host.timeoutSeconds))));
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return { ...combine([]), problems: [error] };
  }
}

const combine = (plugins: readonly AzureScripts[]): AzureScripts => ({
  scripts: plugins.flatMap(({ scripts }) => scripts),
  problems: plugins.flatMap(({ problems }) => problems),
  required: plugins.some(({ required }) => required),
  freezeWanted: plugins.every(({ freezeWanted }) => freezeWanted),
  asked: plugins.flatMap(({ asked }) => asked),
});

/** Group and others may read it, and no more. Throws a `ScriptError`. */
export async function readHostConf(system: System): Promise<HostConf> {
  const stat = await system.stat(HOST_CONF);
  if (stat === undefined) return DEFAULT_HOST_CONF;
  const about = { file: HOST_CONF, azureCode: AZURE_CODES.hostConfigPermissions, required: false };
  await insist(system, HOST_CONF, (stat.mode & 0o033) === 0 ? undefined : 'chmod 644', stat, about);
  return parseHostConf((await system.readText(HOST_CONF)) ?? '', HOST_CONF);
}

async function readPlugin(
  system: System,
  { name, configPath }: HostConf['plugins'][number],
  hostTimeoutSeconds: number,
): Promise<AzureScripts> {
  try {
    const stat = await system.stat(configPath);
    if (stat === undefined) return combine([]);
    if (name !== 'ScriptRunner') throw unknownPlugin(name);
    const about = { file: configPath, azureCode: AZURE_CODES.configPermissions, required: false };
    await insist(system, configPath, (stat.mode & 0o177) === 0 ? undefined : 'chmod 600', stat, about);
    const read = parsePluginConfig((await system.readText(configPath)) ?? '', configPath);
    if (read.config === undefined) return refused(read.problems);
    const named = await fromConfig(system, read.config, configPath, hostTimeoutSeconds);
    // What calls us is not for us to call: in its place come the scripts that it took the place of.
    return isRegistration(read.config) && configPath !== REGISTRATION.adopted
      ? behindRegistration(
          named,
          await readPlugin(system, { name, configPath: REGISTRATION.adopted }, hostTimeoutSeconds),
        )
      : named;
  } catch (error) {
    if (!(error instanceof ScriptError)) throw error;
    return refused([error]);
  }
}

const behindRegistration = (registered: AzureScripts, adopted: AzureScripts): AzureScripts => ({
  ...combine([registered, adopted]),
  scripts: adopted.scripts,
  // It says what the extension is to do, and was made from what the adopted file says.
  asked: registered.asked,
});

const refused = (problems: readonly ScriptError[]): AzureScripts => ({
  ...combine([]),
  problems,
  required: anyRequired(problems),
});

const anyRequired = (problems: readonly ScriptError[]): boolean =>
  problems.some(({ about }) => about.required === true);

async function fromConfig(
  system: System,
  config: PluginConfig,
  file: string,
  hostTimeoutSeconds: number,
): Promise<AzureScripts> {
  const policy = {
    required: !config.continueBackupOnFailure || !config.fsFreezeEnabled,
    freezeWanted: config.fsFreezeEnabled,
    asked: [{ file, config, hostTimeoutSeconds }],
  };
  const pre = { path: config.preScriptLocation, args: config.preScriptParams };
  const post = { path: config.postScriptLocation, args: config.postScriptParams };
  // A script that cannot run is no fault of the freeze: here `fsFreezeEnabled` has no say (§5, "validation error").
  const about = { file, required: !config.continueBackupOnFailure };
  const problems = [
    ...(await problemsOf(system, pre, 'pre', about)),
    ...(await problemsOf(system, post, 'post', about)),
  ];
  if (problems.length > 0) return { ...policy, scripts: [], problems };
  const script: Script = {
    source: 'azure',
    name: config.pluginName ?? 'ScriptRunner',
    pre,
    post,
    timeoutMs: Math.min(config.timeoutInSeconds, hostTimeoutSeconds) * 1000,
    preRetries: config.preScriptNoOfRetries,
    postRetries: config.postScriptNoOfRetries,
    required: policy.required,
  };
  return { ...policy, scripts: [script], problems: [] };
}

async function problemsOf(
  system: System,
  { path }: Command,
  stage: ScriptStage,
  where: { readonly file: string; readonly required: boolean },
): Promise<readonly ScriptError[]> {
  const about = { ...where, stage, key: `${stage}ScriptLocation` };
  const stat = path.startsWith('/') ? await system.stat(path) : undefined;
  if (stat?.kind !== 'file') {
    const what =
      path === '' ? 'is empty' : path.startsWith('/') ? `names ${path}, which is no file` : `is no full path`;
    return [
      new ScriptError('script.missing', `${about.file}: ${about.key} ${what}`, {
        ...about,
        azureCode: AZURE_CODES.missing[stage],
        remedy: `Put the script there, or give its full path as ${about.key}.`,
      }),
    ];
  }
  try {
    const cure = (stat.mode & 0o077) === 0 ? undefined : 'chmod 700';
    await insist(system, path, cure, stat, { ...about, azureCode: AZURE_CODES.permissions[stage] });
    return [];
  } catch (error) {
    if (error instanceof ScriptError) return [error];
    throw error;
  }
}

/** Upstream's rule for the file itself (`cure` mends it), and ours: root's, with every folder above it. */
async function insist(
  system: System,
  path: string,
  cure: string | undefined,
  { mode }: FileStat,
  about: ScriptError['about'] & { readonly file: string },
): Promise<void> {
  const found = await distrust(system, path);
  const shownMode = mode.toString(8).padStart(4, '0');
  const what = found?.what ?? `${path} has mode ${shownMode}, with which Microsoft's extension refuses it`;
  const remedy = found?.remedy ?? `${cure} ${path}`;
  if (found === undefined && cure === undefined) return;
  throw new ScriptError('script.permissions', what, { ...about, remedy });
}

const unknownPlugin = (name: string): ScriptError =>
  new ScriptError(
    'script.unknown-plugin',
    `${HOST_CONF} names the plugin ${name}, which is code for Microsoft's extension`,
    {
      file: HOST_CONF,
      required: false,
      remedy: 'Only ScriptRunner is understood here. Turn the plugin into scripts, or into a program in hooks.d.',
    },
  );
