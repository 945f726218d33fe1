import { type PythonConfig, readPythonConfig } from '../config/python-config.ts';
import { AZURE_CODES, ScriptError } from './script.ts';

/** `/etc/azure/VMSnapshotPluginHost.conf`, as far as it concerns us. */
export interface HostConf {
  readonly timeoutSeconds: number;
  readonly plugins: readonly { readonly name: string; readonly configPath: string }[];
}

/** "cap 1800, cannot be raised": vmsnapshot-linux.md §5. */
const MAX_TIMEOUT_SECONDS = 1800;

/** What the extension brings along and takes where the file is absent. */
export const DEFAULT_HOST_CONF: HostConf = {
  timeoutSeconds: MAX_TIMEOUT_SECONDS,
  plugins: [{ name: 'ScriptRunner', configPath: '/etc/azure/VMSnapshotScriptPluginConfig.json' }],
};

const SECTION = 'pre_post';

/**
 * Reads the file the way Python's ConfigParser does. Throws a `ScriptError` (304) with line and key.
 * More tolerant than upstream where no harm can come of it: a byte order mark, and a missing key means its default.
 */
export function parseHostConf(text: string, file: string): HostConf {
  const entries = readPythonConfig(text, SECTION, (what, at) => fault(what, { file, ...at }));
  const count = numberAt(entries, 'numberOfPlugins', file, { least: 0, absent: 1 });
  const plugins = Array.from({ length: count }, (_, at) => plugin(entries, at, file));
  const timeout = numberAt(entries, 'timeoutInSeconds', file, { least: 1, absent: MAX_TIMEOUT_SECONDS });
  return { timeoutSeconds: Math.min(timeout, MAX_TIMEOUT_SECONDS), plugins };
}

function plugin(entries: PythonConfig, at: number, file: string): HostConf['plugins'][number] {
  const [standard] = at === 0 ? DEFAULT_HOST_CONF.plugins : [];
  const name = entries.get(`pluginname${at}`)?.value ?? standard?.name;
  const configPath = entries.get(`pluginconfigpath${at}`)?.value ?? standard?.configPath;
  const key = name === undefined ? `pluginName${at}` : `pluginConfigPath${at}`;
  if (name !== undefined && configPath !== undefined) return { name, configPath };
  throw fault(`numberOfPlugins asks for ${key}, which is not there`, { file, key });
}

function numberAt(
  entries: PythonConfig,
  key: string,
  file: string,
  { least, absent }: { readonly least: number; readonly absent: number },
): number {
  const entry = entries.get(key.toLowerCase());
  if (entry === undefined) return absent;
  const value = /^\+?\d{1,9}$/.test(entry.value) ? Number(entry.value) : -1;
  if (value >= least) return value;
  throw fault(`${key} must be a whole number from ${least}, not "${entry.value}"`, { file, key, line: entry.line });
}

const fault = (what: string, at: { file: string; line?: number; key?: string }): ScriptError =>
  new ScriptError('script.host-config', `${at.file}${at.line === undefined ? '' : `:${at.line}`}: ${what}`, {
    ...at,
    azureCode: AZURE_CODES.hostConfigParsing,
    required: false,
    remedy: `Correct the file, or remove it: without it the extension's own values hold (timeout ${MAX_TIMEOUT_SECONDS} s, one plugin).`,
  });
