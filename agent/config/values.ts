import type { Platform } from '../system/system.ts';
import type { KeySpec, ListItem } from './schema.ts';

/** A value in the unit and type of `Config`, or the part of the text that can't be one. */
export type Reading = { readonly value: unknown } | { readonly wrong: string };

/** Reads a value as it is written in the file. Asynchronous because node-cron is loaded only when it is needed. */
export async function readValue(spec: KeySpec, text: string, platform: Platform): Promise<Reading> {
  const given = <T>(value: T | undefined): Reading => (value === undefined ? { wrong: text } : { value });
  switch (spec.type) {
    case 'switch':
      return given(SWITCH.get(text));
    case 'choice':
      return given(spec.of.find((choice) => choice === text));
    case 'count':
      return given(within(spec.min, spec.max, /^\d{1,9}$/.test(text) ? Number(text) : undefined));
    case 'duration':
      if (spec.orOff && text === 'off') return { value: undefined };
      return given(within(durationMs(spec.min), durationMs(spec.max), durationMs(text)));
    case 'path':
      return given(isAbsolute(text, platform) ? text : undefined);
    case 'url':
      return given(isHttpUrl(text) ? text : undefined);
    case 'text':
      return given(text);
    case 'list':
      return readList(spec.of, text, platform);
    case 'cron':
      if (text === 'off') return { value: undefined };
      return given((await isCron(text)) ? text : undefined);
  }
}

/** The reverse of `readValue`; undefined when the key is absent. */
export function writeValue(spec: KeySpec, value: unknown): string | undefined {
  if (value === undefined) return spec.default === undefined ? undefined : 'off';
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.join(', ');
  if (spec.type === 'switch') return value === true ? 'yes' : 'no';
  return spec.type === 'duration' ? formatDuration(Number(value)) : String(value);
}

/** What `readValue` takes, in words: `a duration from 100ms to 60s`. */
export function expected(spec: KeySpec): string {
  switch (spec.type) {
    case 'switch':
      return 'yes or no';
    case 'choice':
      return `one of ${spec.of.join(', ')}`;
    case 'count':
      return `a whole number from ${spec.min} to ${spec.max}`;
    case 'duration':
      return `a duration from ${spec.min} to ${spec.max}${spec.orOff ? ', or off' : ''}`;
    case 'path':
      return 'an absolute path';
    case 'url':
      return 'an http:// or https:// address';
    case 'text':
      return 'a text';
    case 'list':
      return ITEMS[spec.of].expected;
    case 'cron':
      return 'a cron expression of five fields, or off';
  }
}

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['yes', true],
  ['no', false],
]);

const UNITS = [
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1000],
  ['ms', 1],
] as const;

/** `500ms`, `10s`, `2m`, `6h`; undefined for anything else. */
export function durationMs(text: string): number | undefined {
  const [, digits, unit] = /^(\d{1,9})(ms|s|m|h)$/.exec(text) ?? [];
  const factor = UNITS.find(([name]) => name === unit)?.[1];
  return factor === undefined ? undefined : Number(digits) * factor;
}

function formatDuration(ms: number): string {
  const [unit, factor] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ['ms', 1];
  return `${ms / factor}${unit}`;
}

const within = (min = 0, max = 0, value?: number): number | undefined =>
  value !== undefined && value >= min && value <= max ? value : undefined;

const isAbsolute = (text: string, platform: Platform): boolean =>
  platform === 'windows' ? /^([a-z]:[\\/]|\\\\[^\\])/i.test(text) : text.startsWith('/');

/**
 * Kept as it is written, so it must not need what `URL` would silently mend. Quotes are refused because they end a
 * password too early for `redact`; they can be written %22 and %27.
 */
const isHttpUrl = (text: string): boolean =>
  /^https?:\/\/[^\s"'\\/]/.test(text) && !/[\s"'\\]/.test(text) && URL.canParse(text);

/** One part of a field's list: `*`, `5`, `mon-fri`, and a step. */
const CRON_PART = /^(?:\*|(?:\d{1,2}|[a-z]{3,9})(?:-(?:\d{1,2}|[a-z]{3,9}))?)(?:\/\d{1,2})?$/i;

/**
 * Five fields or a nickname such as @daily: to rehearse every second (six fields) can only be a mistake. The fields are
 * looked at before node-cron does, which takes `*9007199254740993` for a range and writes down each of its numbers.
 */
async function isCron(text: string): Promise<boolean> {
  if (text.length > 200) return false;
  const fields = text.split(/\s+/);
  const known = fields.length === 5 && fields.every((field) => field.split(',').every((part) => CRON_PART.test(part)));
  if (!known && !/^@[a-z]+$/.test(text)) return false;
  const { validate } = await import('node-cron');
  return validate(text);
}

interface ItemKind {
  readonly expected: string;
  isOne(item: string, index: number, platform: Platform): boolean;
}

const ITEMS: Readonly<Record<ListItem, ItemKind>> = {
  argv: {
    expected: 'a program by its absolute path and its arguments, by comma',
    isOne: (item, index, platform) => index > 0 || isAbsolute(item, platform),
  },
  exclusion: {
    expected: 'a list of mount points (with * and ?), type:NAME and device:/dev/NAME, by comma',
    isOne: (item, _, platform) =>
      /^type:[\w.-]+$/.test(item) || /^device:\/dev\/./.test(item) || /^[*?]/.test(item) || isAbsolute(item, platform),
  },
  path: {
    expected: 'a list of absolute paths, by comma',
    isOne: (item, _, platform) => isAbsolute(item, platform),
  },
  volume: {
    expected: 'a list of letters of disks (C:) and folders that volumes are mounted at, by comma',
    isOne: (item) => /^[a-z]:(\\[^<>"|?*]*)?$/i.test(item),
  },
  host: {
    expected: 'a list of hosts, domains, addresses and networks, by comma',
    isOne: (item) => /^[\w.*:[\]/-]+$/.test(item) && !item.includes('//'),
  },
  endpoint: {
    expected: 'a list of hosts, each with :PORT or for port 443, by comma',
    isOne: (item) => /^(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?$/i.test(item) && URL.canParse(`https://${item}`),
  },
};

function readList(of: ListItem, text: string, platform: Platform): Reading {
  const items = text.split(',').map((item) => item.trim());
  const wrong = items.find((item, index) => item === '' || !ITEMS[of].isOne(item, index, platform));
  return wrong === undefined ? { value: items } : { wrong };
}
