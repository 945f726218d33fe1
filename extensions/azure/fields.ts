import { parseJson } from '../../agent/system/json.ts';

/** What is wrong with a key of somebody else's JSON. Never holds the value: it may be a secret. */
export interface FieldProblem {
  /** `publicSettings.objectStr.backupMetadata[0].Key` */
  readonly key: string;
  /** Goes on after the key: `is missing`, `must be true or false, not a number`. */
  readonly what: string;
  /** The number by which the service knows this very problem. */
  readonly code?: 17;
}

/**
 * The keys of one JSON object, each read as what it must be. `null` and an empty text are absent, since .NET writes them
 * for what is not set; numbers and switches in quotes mean what they say. What is wrong is added to the problems, and
 * read as absent.
 */
export interface Fields {
  has(key: string): boolean;
  text(key: string): string | undefined;
  flag(key: string): boolean | undefined;
  whole(key: string): number | undefined;
  /** A number of any length, as its digits. */
  digits(key: string): string | undefined;
  url(key: string): string | undefined;
  /** @param find undefined for what is not known. */
  choice<T>(key: string, mustBe: string, find: (text: string) => T | undefined): T | undefined;
  list<T>(key: string, read: (item: Item) => T | undefined): readonly T[] | undefined;
  object(key: string): Fields | undefined;
  /** The object as it is. */
  value(key: string): object | undefined;
  /** JSON within a text, as `decode` finds it; an object that was not packed into a text is taken as it is. */
  packed(key: string, decode?: (text: string) => string): Fields | undefined;
  /** The same, and a problem when it is absent. */
  needed<T>(key: string, read: (key: string) => T | undefined): T | undefined;
  /** A problem with the key that only its reader can see. */
  refuse(key: string, what: string, code?: 17): void;
}

/** One of a list, read as the keys of an object are. */
export interface Item {
  text(): string | undefined;
  whole(): number | undefined;
  url(): string | undefined;
  object(): Fields | undefined;
}

export function fieldsOf(value: object, name: string, problems: FieldProblem[]): Fields {
  const values = value as Readonly<Record<string, unknown>>;
  const at = (key: string): unknown => (Object.hasOwn(values, key) ? givenOf(values[key]) : undefined);
  const nameOf = (key: string): string => (name === '' ? key : `${name}.${key}`);
  const read = <T>(key: string, as: As<T>): T | undefined => converted(at(key), nameOf(key), as, problems);
  return {
    has: (key) => at(key) !== undefined,
    text: (key) => read(key, TEXT),
    flag: (key) => read(key, FLAG),
    whole: (key) => read(key, WHOLE),
    digits: (key) => read(key, DIGITS),
    url: (key) => read(key, URL_TEXT),
    choice: (key, mustBe, find) =>
      read(key, { mustBe, convert: (value) => (typeof value === 'string' ? find(value) : undefined) }),
    value: (key) => read(key, OBJECT),
    object: (key) => nested(read(key, OBJECT), nameOf(key), problems),
    list(key, readItem) {
      const items = read(key, LIST);
      return items?.flatMap((item, index) => readItem(itemOf(item, `${nameOf(key)}[${index}]`, problems)) ?? []);
    },
    packed(key, decode = (text) => text) {
      return nested(read(key, packedAs(decode)), nameOf(key), problems);
    },
    needed(key, readIt) {
      if (at(key) === undefined) problems.push({ key: nameOf(key), what: 'is missing' });
      return readIt(key);
    },
    refuse: (key, what, code) =>
      void problems.push({ key: nameOf(key), what, ...(code === undefined ? {} : { code }) }),
  };
}

const givenOf = (value: unknown): unknown => (value === null || value === '' ? undefined : value);

const itemOf = (item: unknown, name: string, problems: FieldProblem[]): Item => {
  const read = <T>(as: As<T>): T | undefined => {
    const given = givenOf(item);
    if (given === undefined) problems.push({ key: name, what: 'is empty' });
    return converted(given, name, as, problems);
  };
  return {
    text: () => read(TEXT),
    whole: () => read(WHOLE),
    url: () => read(URL_TEXT),
    object: () => nested(read(OBJECT), name, problems),
  };
};

const nested = (value: object | undefined, name: string, problems: FieldProblem[]): Fields | undefined =>
  value === undefined ? undefined : fieldsOf(value, name, problems);

interface As<T> {
  readonly mustBe: string;
  /** Undefined for what cannot be read so. */
  convert(value: unknown): T | undefined;
}

function converted<T>(value: unknown, key: string, as: As<T>, problems: FieldProblem[]): T | undefined {
  if (value === undefined) return undefined;
  const result = as.convert(value);
  if (result === undefined) problems.push({ key, what: `must be ${as.mustBe}, not ${kindOf(value)}` });
  return result;
}

const TEXT: As<string> = {
  mustBe: 'a text',
  convert: (value) => (typeof value === 'string' ? value : undefined),
};

const FLAG: As<boolean> = {
  mustBe: 'true or false',
  convert(value) {
    const named = typeof value === 'string' ? value.toLowerCase() : value;
    if (named === true || named === 'true') return true;
    return named === false || named === 'false' ? false : undefined;
  },
};

const WHOLE: As<number> = {
  mustBe: 'a whole number',
  convert(value) {
    const number = typeof value === 'string' && /^-?\d+$/.test(value) ? Number(value) : value;
    return Number.isSafeInteger(number) ? (number as number) : undefined;
  },
};

const DIGITS: As<string> = {
  mustBe: 'a whole number',
  convert(value) {
    if (typeof value === 'string' && /^\d{1,40}$/.test(value)) return value;
    return typeof value === 'number' && Number.isInteger(value) && value >= 0 ? BigInt(value).toString() : undefined;
  },
};

const URL_TEXT: As<string> = {
  mustBe: 'a URL that begins with https:// or http://',
  convert: (value) =>
    typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value) ? value : undefined,
};

const LIST: As<readonly unknown[]> = {
  mustBe: 'a list',
  convert: (value) => (Array.isArray(value) ? value : undefined),
};

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const OBJECT: As<object> = {
  mustBe: 'an object',
  convert: (value) => (isObject(value) ? value : undefined),
};

const packedAs = (decode: (text: string) => string): As<object> => ({
  mustBe: 'an object as JSON in a text',
  convert(value) {
    if (typeof value !== 'string') return OBJECT.convert(value);
    try {
      return OBJECT.convert(parseJson(decode(value)));
    } catch {
      return undefined;
    }
  },
});

const kindOf = (value: unknown): string => {
  if (typeof value === 'string') return 'such a text';
  if (typeof value === 'number') return Number.isInteger(value) ? 'a number' : 'such a number';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'boolean' ? 'true or false' : 'an object';
};
