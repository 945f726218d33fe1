import { REDACTED, redact, redactJson } from '../redact.ts';
import { parseJson } from '../system/json.ts';

/** What `redact` has taken out, for the places where no rule knows it: a password of the proxy, bare in some log. */
export interface Secrets {
  /** Told by somebody who knows better than the rules. */
  add(secrets: readonly string[]): void;
  /** Redacts a text by the rules; JSON, and each line that is JSON, stays JSON. */
  redact(text: string): string;
  /** Takes everything out that any text had for a secret, in whatever form it stands there. For when all are redacted. */
  sweep(text: string): string;
}

/** Each one costs a look through everything in a dozen forms; the first ones are of the configuration. */
const MOST_SECRETS = 300;
/** `none`, `default`: what is no more than a word in one place must not be blotted out in all others. */
const LEAST_CHARS = 6;
const PLAIN_WORD = /^[a-z]{1,11}$|^\d{1,7}$/;
/** Of a private key each line is told by itself. */
const KEY_LINE = /[A-Za-z0-9+/]{20,}={0,2}/g;

export function createSecrets(): Secrets {
  const known = new Set<string>();
  const found = (secret: string): void => {
    const parts = /[\r\n]|\\n/.test(secret) ? (secret.match(KEY_LINE) ?? []) : [secret];
    for (const part of parts.flatMap((part) => [part, ...passwordWithin(part)])) {
      if (isWorthLooking(part) && known.size < MOST_SECRETS) known.add(part);
    }
  };
  let forms: readonly string[] | undefined;
  return {
    add: (secrets) => secrets.forEach(found),
    redact: (text) => redactAny(text, found),
    sweep(text) {
      // Longest first: the URL form of a secret may hold the plain form of its beginning.
      forms ??= [...new Set([...known].flatMap(formsOf))].sort((a, b) => b.length - a.length);
      return forms.reduce((rest, form) => rest.replaceAll(form, REDACTED), text);
    },
  };
}

/** The path of a webhook is its password: `[notify] url` of our configuration, also of one that cannot be read. */
export const webhooksIn = (text: string): readonly string[] =>
  [...text.matchAll(/^[ \t]*url[ \t]*=[ \t]*["']?(\w+:\/\/[^/\s"']+(\/[^\s"']+))/gm)].flatMap(
    ([, url = '', path = '']) => [url, path, path.slice(1)],
  );

/** Of `Authorization: Basic`, which is user and password in base64. */
function passwordWithin(secret: string): readonly string[] {
  const [, password] = /^[^:\p{Cc}\ufffd]*:([^\p{Cc}\ufffd]+)$/u.exec(Buffer.from(secret, 'base64').toString()) ?? [];
  return password === undefined ? [] : [password];
}

const isWorthLooking = (secret: string): boolean => secret.length >= LEAST_CHARS && !PLAIN_WORD.test(secret);

function redactAny(text: string, found: (secret: string) => void): string {
  const whole = parsed(text);
  if (whole !== undefined) return `${JSON.stringify(redactJson(whole, found), undefined, 2)}\n`;
  // Lines of JSON (history.jsonl, where one may be torn), and what stands between them as a whole: a key has many lines.
  const blocks: string[] = [];
  let between: string[] = [];
  const endBetween = () => {
    if (between.length > 0) blocks.push(redact(between.join('\n'), found));
    between = [];
  };
  for (const line of text.split('\n')) {
    const value = parsed(line);
    if (value === undefined) between.push(line);
    else {
      endBetween();
      blocks.push(JSON.stringify(redactJson(value, found)));
    }
  }
  endBetween();
  return blocks.join('\n');
}

/** An object or a list; anything else is text. */
function parsed(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined;
  try {
    const value: unknown = parseJson(text);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As it is, as a URL has it, as JSON has it, and in base64 wherever in a longer text it begins: `user:password`. */
function formsOf(secret: string): readonly string[] {
  const plain = [...new Set([secret, decoded(secret), unescaped(secret)])];
  return plain
    .flatMap((text) => {
      // JSON may hold half a character (`\ud800`), of which no URL can be made.
      const url = encodeURIComponent(text.toWellFormed());
      const lowerUrl = url.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase());
      const json = JSON.stringify(text).slice(1, -1);
      const base64 = [0, 1, 2].flatMap((offset) => base64Within(text, offset));
      return [text, url, lowerUrl, encodeURIComponent(url), json, ...base64];
    })
    .filter((form) => form.length >= LEAST_CHARS);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** As it was before it stood in JSON. */
function unescaped(text: string): string {
  try {
    return JSON.parse(`"${text}"`);
  } catch {
    return text;
  }
}

/** Three bytes make four characters, so there are three ways to begin; those at the ends also depend on what is beside. */
function base64Within(text: string, offset: number): readonly string[] {
  const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
  const whole = bytes.toString('base64').replace(/=+$/, '');
  const start = offset === 0 ? 0 : offset + 1;
  const core = whole.slice(start, bytes.length % 3 === 0 ? undefined : -1);
  return [core, core.replaceAll('+', '-').replaceAll('/', '_')];
}
