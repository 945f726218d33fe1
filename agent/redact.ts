/**
 * Takes secrets out of any text on its way to a person, a log, JSON or a bundle: signatures of SAS URLs, passwords in
 * URLs, and values whose key says that they are secret. Errs on the side of hiding too much.
 */
export const redact = (text: string): string => RULES.reduce((result, [find, put]) => result.replace(find, put), text);

export const REDACTED = '[redacted]';

/** What the name of a secret ends with, whatever stands before it: `DB_PASSWORD`, `sasToken`. */
const SECRET_KEY =
  '(?:password|passwd|passphrase|secret|token|credentials?|(?:account|access|shared|api|private)[_-]?(?:access[_-]?)?key)';
/** How a quote looks, also in JSON that is itself a string in JSON. */
const QUOTE = `\\\\*["']`;
/** Which one it was is half the answer when it was refused, so it stays. */
const SCHEME = '(?:(?:basic|bearer|digest|negotiate|ntlm|token|sharedkey(?:lite)?|sharedaccesssignature)\\s+)?';

const rule = (find: string, put = `$1${REDACTED}`): readonly [RegExp, string] => [new RegExp(find, 'gi'), put];

const RULES: readonly (readonly [RegExp, string])[] = [
  rule('(-----BEGIN [A-Z ]*PRIVATE KEY-----)[^]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)'),
  // A SAS signature is worth the whole blob: https://learn.microsoft.com/azure/storage/common/storage-sas-overview.
  // .NET and Go write & as \u0026 in JSON; a URL in the query of another one is encoded.
  rule(`((?:\\b|\\\\u0026|%26|%3f)sig(?:=|%3d))[^&\\s"'<>\\\\]+`),
  // user:password@ of a URL; the user stays, it helps to find which proxy was meant.
  rule(`([a-z][a-z0-9+.-]{0,30}://[^/\\s:@"']{0,200}:)[^\\s"<>]{1,1000}@`, `$1${REDACTED}@`),
  rule(`(authorization${QUOTE}\\s*[:=]\\s*${QUOTE}${SCHEME})[^"'\\\\\\r\\n]+`),
  rule(`(authorization\\s*[:=]\\s*["']?${SCHEME})[^"'\\s][^\\r\\n]*`),
  // Keys with their values: in quotes of JSON within JSON, in quotes, in a line of an INI file, or up to the next blank.
  rule(`(${SECRET_KEY}${QUOTE}\\s*[:=]\\s*(\\\\+)")(?:(?!(?<!\\\\)\\2")[^\\r\\n])+`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*")(?:[^"\\\\]|\\\\.)+`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*')(?:[^'\\\\]|\\\\.)+`),
  rule(`(${SECRET_KEY} = )[^"'\\r\\n][^\\r\\n]*`),
  rule(`(${SECRET_KEY}${QUOTE}?\\s*[:=]\\s*)[^\\s,;&"'\\\\]+`),
  rule('((?:^|[\\s;?&"\'])pwd=)[^\\s;&"\']+'),
  rule(`(<[\\w:-]{0,40}${SECRET_KEY}(?:\\s[^<>]{0,200})?>)[^<]+`),
  // In an argv, as a line or as JSON.
  rule(`(-[\\w-]{0,40}${SECRET_KEY}["']?[\\s,]+["']?)[^\\s"']+`),
  rule(`((?:-u|--user|--proxy-user)["']?[\\s,=]+["']?[^\\s:"']{1,200}:)[^\\s"']+`),
];
