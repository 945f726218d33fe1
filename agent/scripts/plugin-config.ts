import { parseJson } from '../system/json.ts';
import { jsonFault } from './json-fault.ts';
import { AZURE_CODES, ScriptError } from './script.ts';

/** `VMSnapshotScriptPluginConfig.json`, as far as it concerns us: vmsnapshot-linux.md §5. */
export interface PluginConfig {
  readonly pluginName: string | undefined;
  readonly preScriptLocation: string;
  readonly postScriptLocation: string;
  readonly preScriptParams: readonly string[];
  readonly postScriptParams: readonly string[];
  readonly preScriptNoOfRetries: number;
  readonly postScriptNoOfRetries: number;
  readonly timeoutInSeconds: number;
  readonly continueBackupOnFailure: boolean;
  readonly fsFreezeEnabled: boolean;
}

/** Either all of it or what is wrong with it, never both. */
export type PluginConfigRead =
  | { readonly config: PluginConfig; readonly problems?: undefined }
  | { readonly config?: undefined; readonly problems: readonly ScriptError[] };

/**
 * Reads the file. What differs from upstream without harm: a byte order mark; numbers and switches in quotes, which
 * mean what they say (upstream fails on the numbers and takes the text "false" for true); numbers among the params,
 * which it turns into text as well. Keys that are not ours are ignored, `ScriptsExecutionPollTimeSeconds` too: nothing
 * is polled here. A wrong value is a problem of its own (305), and all of them are told at once.
 */
export function parsePluginConfig(text: string, file: string): PluginConfigRead {
  const source = text.replace(/^\uFEFF/, '');
  const parsed = parseObject(source, file);
  if (parsed instanceof ScriptError) return { problems: [parsed] };
  const reader: Reader = { values: parsed, wrong: [] };
  const config: PluginConfig = {
    pluginName: optional(reader, 'pluginName', asText),
    preScriptLocation: needed(reader, 'preScriptLocation', asText, ''),
    postScriptLocation: needed(reader, 'postScriptLocation', asText, ''),
    preScriptParams: optional(reader, 'preScriptParams', asTexts) ?? [],
    postScriptParams: optional(reader, 'postScriptParams', asTexts) ?? [],
    preScriptNoOfRetries: optional(reader, 'preScriptNoOfRetries', asCount) ?? 0,
    postScriptNoOfRetries: optional(reader, 'postScriptNoOfRetries', asCount) ?? 0,
    timeoutInSeconds: optional(reader, 'timeoutInSeconds', asSeconds) ?? 10,
    continueBackupOnFailure: optional(reader, 'continueBackupOnFailure', asSwitch) ?? true,
    fsFreezeEnabled: optional(reader, 'fsFreezeEnabled', asSwitch) ?? true,
  };
  if (reader.wrong.length === 0) return { config };
  const required = !config.continueBackupOnFailure;
  return {
    problems: reader.wrong.map(({ key, what }) => fault(what, { file, key, required, ...lineOf(source, key) })),
  };
}

function parseObject(text: string, file: string): Values | ScriptError {
  try {
    const value: unknown = parseJson(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Values;
    return fault('the file must hold one object: { "preScriptLocation": …, … }', { file, line: 1, required: false });
  } catch (error) {
    const { line = 1, column = 1, expected = 'JSON' } = jsonFault(text) ?? {};
    const what = `this is not JSON: ${expected} is expected at column ${column}`;
    return fault(what, { file, line, required: false, cause: error });
  }
}

type Values = Readonly<Record<string, unknown>>;

interface Reader {
  readonly values: Values;
  readonly wrong: { readonly key: string; readonly what: string }[];
}

/** Turns a JSON value into ours; a `Wrong` says what it must be. */
type Convert<T> = (value: unknown) => T | Wrong;
interface Wrong {
  readonly mustBe: string;
}

function optional<T>(reader: Reader, key: string, convert: Convert<T>): T | undefined {
  if (!Object.hasOwn(reader.values, key)) return undefined;
  const value = reader.values[key];
  const converted = convert(value);
  if (!isWrong(converted)) return converted;
  reader.wrong.push({ key, what: `${key} must be ${converted.mustBe}, not ${shown(value)}` });
  return undefined;
}

function needed<T>(reader: Reader, key: string, convert: Convert<T>, otherwise: T): T {
  if (Object.hasOwn(reader.values, key)) return optional(reader, key, convert) ?? otherwise;
  reader.wrong.push({ key, what: `${key} is missing` });
  return otherwise;
}

const isWrong = (value: unknown): value is Wrong => typeof value === 'object' && value !== null && 'mustBe' in value;

const asText: Convert<string> = (value) => (isText(value) ? value : { mustBe: 'text without a NUL' });

/** A NUL would end an argument or a path early: execve(2). */
const isText = (value: unknown): value is string => typeof value === 'string' && !value.includes('\0');

const asTexts: Convert<readonly string[]> = (value) => {
  const texts = Array.isArray(value) ? value.map((one) => (typeof one === 'number' ? String(one) : one)) : [0];
  return texts.every(isText) ? texts : { mustBe: 'a list of texts, [] for none' };
};

const asCount: Convert<number> = (value) => {
  const count = asNumber(value);
  return Number.isInteger(count) && count >= 0 && count <= 1e6 ? count : { mustBe: 'a whole number from 0' };
};

const asSeconds: Convert<number> = (value) => {
  const seconds = asNumber(value);
  return seconds > 0 && seconds <= 1e9 ? seconds : { mustBe: 'a number of seconds above 0' };
};

const asNumber = (value: unknown): number =>
  typeof value === 'string' && value.trim() !== '' ? Number(value) : typeof value === 'number' ? value : Number.NaN;

const asSwitch: Convert<boolean> = (value) => {
  const named = typeof value === 'string' ? value.toLowerCase() : value;
  if (named === true || named === 'true') return true;
  return named === false || named === 'false' ? false : { mustBe: 'true or false' };
};

const shown = (value: unknown): string => {
  const text = JSON.stringify(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
};

const lineOf = (text: string, key: string): { line?: number } => {
  const at = text.indexOf(`"${key}"`);
  return at < 0 ? {} : { line: text.slice(0, at).split('\n').length };
};

const fault = (
  what: string,
  at: { file: string; required: boolean; key?: string; line?: number; cause?: unknown },
): ScriptError =>
  new ScriptError('script.config', `${at.file}${at.line === undefined ? '' : `:${at.line}`}: ${what}`, {
    ...at,
    azureCode: AZURE_CODES.configParsing,
    remedy: 'Correct the file: https://learn.microsoft.com/azure/backup/backup-azure-linux-app-consistent',
  });
