/**
 * Takes secrets out of any text on its way to a person, a log, JSON or a bundle: signatures of SAS URLs, passwords in
 * URLs, and values whose key says that they are secret. Errs on the side of hiding too much.
 *
 * @param found is told each secret that is taken out, for whoever has to look for it elsewhere, too.
 */
export const redact = (text: string, found?: (secret: string) => void): string =>
  RULES.reduce((result, { find, after }) => {
    const hide = (part: string): string =>
      part.replace(find, (match: string, before: string) => {
        const secret = match.slice(before.length, match.length - after.length);
        if (secret !== '' && !secret.includes(REDACTED)) found?.(secret);
        return `${before}${REDACTED}${after}`;
      });
    return after === '' ? hide(result) : result.replace(WORD, (word) => upToLast(after, word, hide));
  }, text);

/** A search that can only end at `after` must not begin behind the last one: it would read to the end for each beginning. */
function upToLast(after: string, word: string, hide: (part: string) => string): string {
  const end = word.lastIndexOf(after) + after.length;
  return end < after.length ? word : hide(word.slice(0, end)) + word.slice(end);
}

/**
 * The same for a value that becomes JSON: each text on its own, so that what is left is JSON whatever stood in it, and
 * everything below a key that says it is secret. Whether there is a secret (`"hasPassword": true`) may be told.
 */
export function redactJson(value: unknown, found?: (secret: string) => void): unknown {
  if (typeof value === 'string') return redact(value, found);
  if (Array.isArray(value)) return value.map((each) => redactJson(each, found));
  if (typeof value !== 'object' || value === null) return value;
  const named = Object.entries(value).find(([key]) => /^(name|key)$/i.test(key))?.[1];
  const isSecret = (key: string) =>
    isSecretName(key) || (/^value$/i.test(key) && typeof named === 'string' && isSecretName(named));
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [
      redact(key, found),
      isSecret(key) ? hidden(each, found) : redactJson(each, found),
    ]),
  );
}

/** Whether a key or a variable says by its name that its value is secret: `DB_PASSWORD`, `sasToken`. */
export const isSecretName = (name: string): boolean => SECRET_NAME.test(name);

function hidden(value: unknown, found: ((secret: string) => void) | undefined): unknown {
  if (typeof value === 'boolean' || value === null || value === '') return value;
  if (typeof value === 'string' && value !== REDACTED) found?.(value);
  return REDACTED;
}

export const REDACTED = '[redacted]';

/** What the name of a secret ends with, whatever stands before it: `DB_PASSWORD`, `sasToken`. */
const SECRET_KEY =
  '(?:password|passwd|passphrase|secret|token|credentials?|(?:account|access|shared|api|private|storage|primary|secondary|master|encryption|signing|secret|subscription|functions)[_-]?(?:access[_-]?)?key)';
const SECRET_NAME = new RegExp(`(?:${SECRET_KEY}|authorization|cookie|(?:^|[_-])(?:pwd|sig))$`, 'i');
/** How a quote looks, also in JSON that is itself a string in JSON. */
const QUOTE = `\\\\*["']`;
/** Which one it was is half the answer when it was refused, so it stays. */
const SCHEME = '(?:(?:basic|bearer|digest|negotiate|ntlm|token|sharedkey(?:lite)?|sharedaccesssignature)\\s+)?';

interface Rule {
  /** Its first group is what stays before the secret. */
  readonly find: RegExp;
  /** What stays behind it and ends the match, which is then within one word. */
  readonly after: '' | '@';
}

const rule = (find: string, after: Rule['after'] = ''): Rule => ({ find: new RegExp(find, 'gi'), after });

const WORD = /[^\s"<>]+/g;
const KEY_END = 'PRIVATE KEY(?: BLOCK)?-----';

const RULES: readonly Rule[] = [
  rule(`(-----BEGIN [A-Z ]*${KEY_END})[^]*?(?=-----END [A-Z ]*${KEY_END}|$)`),
  // A SAS signature is worth the whole blob: https://learn.microsoft.com/azure/storage/common/storage-sas-overview.
  // .NET and Go write & as \u0026 in JSON; a URL in the query of another one is encoded.
  rule(`((?:\\b|\\\\u0026|%26|%3f)sig(?:=|%3d))[^&\\s"'<>\\\\]+`),
  // user:password@ of a URL; the user stays, it helps to find which proxy was meant. A long one without is a token.
  rule(`((?<=[a-z0-9+.-])://[^/\\s:@"']{0,200}:)[^\\s"<>]*@`, '@'),
  rule(`((?<=[a-z0-9+.-])://)[^/\\s:@"'<>]{20,4096}@`, '@'),
  rule(`(authorization${QUOTE}\\s*[:=]\\s*${QUOTE}${SCHEME})[^"'\\\\\\r\\n]+`),
  rule(`(authorization\\s*[:=]\\s*["']?${SCHEME})[^"'\\s][^\\r\\n]*`),
  rule(`(\\bcookie["']?\\s*:\\s*["']?)[^"'\\r\\n]+`),
  // Keys with their values: in quotes of JSON within JSON, in quotes, in a line of an INI file, or up to the next blank.
  rule(`(${SECRET_KEY}${QUOTE}\\s*[:=]\\s*(\\\\+)")(?:(?!(?<!\\\\)\\2")[^\\r\\n])+`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*")(?:[^"\\\\]|\\\\.)+`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*')(?:[^'\\\\]|\\\\.)+`),
  rule(`(${SECRET_KEY} = )[^"'\\r\\n][^\\r\\n]*`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*)[^\\s,;&"'\\\\]+`),
  rule(`("(?:name|key)"\\s*:\\s*"[^"]{0,100}${SECRET_KEY}"\\s*,\\s*"value"\\s*:\\s*")(?:[^"\\\\]|\\\\.)+`),
  rule(`((?:^|[\\s;,?&"'_])(?:pwd|pass)=)[^\\s;,&"']+`),
  rule(`(<[\\w:-]{0,40}${SECRET_KEY}(?:\\s[^<>]{0,200})?>)[^<]+`),
  // In an argv, as a line or as JSON; in a .netrc.
  rule(`(-[\\w-]{0,40}${SECRET_KEY}["']?[\\s,]+["']?)[^\\s"']+`),
  rule(`((?:-u|--user|--proxy-user)["']?[\\s,=]+["']?[^\\s:"']{1,200}:)[^\\s"']+`),
  rule(`(\\bmysql\\w{0,20}\\s(?:[^\\r\\n]{0,300}?\\s)?-p)[^\\s"']+`),
  rule(`(\\blogin\\s{1,20}\\S{1,200}\\s{1,20}password\\s{1,20})\\S+`),
  // What is known by its looks: a web token, the key of a storage account (64 bytes), a password as crypt(5) has it.
  rule('(\\b)eyJ[\\w-]{10,}\\.[\\w-]{10,}(?:\\.[\\w-]*)?'),
  rule('(^|[^A-Za-z0-9+/])[A-Za-z0-9+/]{86}==(?![A-Za-z0-9+/=])'),
  rule('(\\$(?:[1567y]|gy|2[abxy])\\$)[./\\w$=,]{8,200}'),
];
