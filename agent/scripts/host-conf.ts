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
 * Reads the file the way Python's ConfigParser does: `key: value` or `key = value`, names in any case, `#` and `;`
 * begin comments, indented lines go on with the value before. Throws a `ScriptError` (304) with line and key.
 * More tolerant than upstream where no harm can come of it: a byte order mark, and a missing key means its default.
 */
export function parseHostConf(text: string, file: string): HostConf {
  const entries = readEntries(text, file);
  const count = numberAt(entries, 'numberOfPlugins', file, { least: 0, absent: 1 });
  const plugins = Array.from({ length: count }, (_, at) => plugin(entries, at, file));
  const timeout = numberAt(entries, 'timeoutInSeconds', file, { least: 1, absent: MAX_TIMEOUT_SECONDS });
  return { timeoutSeconds: Math.min(timeout, MAX_TIMEOUT_SECONDS), plugins };
}

interface Entry {
  readonly value: string;
  readonly line: number;
}

/** By lower-case name. */
type Entries = ReadonlyMap<string, Entry>;

function readEntries(text: string, file: string): Entries {
  const entries = new Map<string, Entry>();
  let section: string | undefined;
  let last: string | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    // A path that holds one is no path: what opens it throws.
    if (content.includes('\0')) throw fault('this line holds a NUL byte, so the file is no text', { file, line });
    const header = /^\[(.+)\]$/.exec(content);
    if (header !== null) {
      section = header[1];
      last = undefined;
      continue;
    }
    if (section === undefined) throw fault(`a [${SECTION}] line must stand before this one`, { file, line });
    const present = last === undefined ? undefined : entries.get(last);
    if (/^\s/.test(raw) && last !== undefined) {
      if (present !== undefined) entries.set(last, { ...present, value: `${present.value}\n${content}` });
      continue;
    }
    const at = content.search(/[:=]/);
    if (at < 1) throw fault('this is neither a section nor "key: value"', { file, line });
    const name = content.slice(0, at).trimEnd();
    const value = content.slice(at + 1).trimStart();
    last = name.toLowerCase();
    if (section !== SECTION) continue;
    if (entries.has(last)) throw fault(`${name} is given twice`, { file, line, key: name });
    entries.set(last, { value, line });
  }
  return entries;
}

function plugin(entries: Entries, at: number, file: string): HostConf['plugins'][number] {
  const [standard] = at === 0 ? DEFAULT_HOST_CONF.plugins : [];
  const name = entries.get(`pluginname${at}`)?.value ?? standard?.name;
  const configPath = entries.get(`pluginconfigpath${at}`)?.value ?? standard?.configPath;
  const key = name === undefined ? `pluginName${at}` : `pluginConfigPath${at}`;
  if (name !== undefined && configPath !== undefined) return { name, configPath };
  throw fault(`numberOfPlugins asks for ${key}, which is not there`, { file, key });
}

function numberAt(
  entries: Entries,
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
