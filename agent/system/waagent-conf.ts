/** Flatcar's is below /usr/share/oem. */
export const WAAGENT_CONFS: readonly string[] = ['/etc/waagent.conf', '/usr/share/oem/waagent.conf'];
/** Where extensions and certificates are unless `Lib.Dir` says otherwise. */
export const LIB_DIR = '/var/lib/waagent';

/**
 * waagent.conf by the agent's own rules (azurelinuxagent/common/conf.py): what it would do is what counts, not what
 * the file seems to say.
 */
export interface WaagentConf {
  /** Keys are case-sensitive and the last one wins; a value `None` is unset. */
  readonly values: ReadonlyMap<string, string>;
  readonly oddities: readonly ConfOddity[];
}

/** A line that the agent reads in another way than its writer may have meant. */
export interface ConfOddity {
  readonly line: number;
  readonly key: string;
  readonly problem: 'inline-comment' | 'duplicate' | 'carriage-return' | 'not-a-switch' | 'indented-comment';
}

/** Total: any text has a reading. */
export function parseWaagentConf(text: string): WaagentConf {
  const values = new Map<string, string>();
  const seen = new Set<string>();
  const oddities: ConfOddity[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const entry = parseLine(line);
    if (entry === undefined) continue;
    const { key, value } = entry;
    for (const problem of problemsOf(line, entry, seen)) oddities.push({ line: index + 1, key, problem });
    seen.add(key);
    if (value === 'None') values.delete(key);
    else values.set(key, value);
  }
  return { values, oddities };
}

interface Entry {
  readonly key: string;
  readonly value: string;
}

/** A comment only when `#` is the very first character; split at the first `=`; the value ends at the first `#`. */
function parseLine(line: string): Entry | undefined {
  const at = line.indexOf('=');
  if (line.startsWith('#') || at < 0) return undefined;
  const raw = line.slice(at + 1).split('#')[0] ?? '';
  return { key: line.slice(0, at).trim(), value: stripQuotes(raw).trim() };
}

/** As Python's `strip('" ')`: quotes and blanks at either end. A pattern with `+$` would take quadratic time here. */
function stripQuotes(text: string): string {
  const stripped = (at: number) => text[at] === '"' || text[at] === ' ';
  let start = 0;
  let end = text.length;
  while (start < end && stripped(start)) start += 1;
  while (end > start && stripped(end - 1)) end -= 1;
  return text.slice(start, end);
}

function problemsOf(line: string, { key, value }: Entry, seen: ReadonlySet<string>): readonly ConfOddity['problem'][] {
  if (key.startsWith('#')) return ['indented-comment'];
  const problems: ConfOddity['problem'][] = [];
  if (line.slice(line.indexOf('=')).includes('#')) problems.push('inline-comment');
  if (seen.has(key)) problems.push('duplicate');
  if (line.endsWith('\r')) problems.push('carriage-return');
  if (SWITCHES.has(key) && !/^[yn]$/i.test(value) && value !== 'None') problems.push('not-a-switch');
  return problems;
}

/** Those of the agent's switches that decide about a backup, with their defaults in its code. */
const SWITCHES: ReadonlyMap<string, boolean> = new Map([
  ['Extensions.Enabled', true],
  ['AutoUpdate.Enabled', true],
  ['AutoUpdate.UpdateToLatestVersion', true],
  ['OS.EnableFirewall', false],
  ['OS.EnableFIPS', false],
  ['CGroups.Enabled', true],
]);

/** Only y and n count, in either case; anything else is as good as unset. */
export function switchOf(conf: WaagentConf, key: string, ifUnset = SWITCHES.get(key) ?? false): boolean {
  const value = conf.values.get(key)?.toLowerCase();
  if (value === 'y') return true;
  return value === 'n' ? false : ifUnset;
}

/** The newer key (2.10) wins; its default is what the older one says. */
export const updatesItself = (conf: WaagentConf): boolean =>
  switchOf(conf, 'AutoUpdate.UpdateToLatestVersion', switchOf(conf, 'AutoUpdate.Enabled'));
