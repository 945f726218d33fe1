/**
 * Takes secrets out of any text on its way to a person, a log, JSON or a bundle: signatures of SAS URLs, passwords in
 * URLs, and values whose key says that they are secret. Errs on the side of hiding too much.
 */
export const redact = (text: string): string => RULES.reduce((result, [find, put]) => result.replace(find, put), text);

export const REDACTED = '[redacted]';

const RULES: readonly (readonly [RegExp, string])[] = [
  // A SAS signature is worth the whole blob: https://learn.microsoft.com/azure/storage/common/storage-sas-overview
  [/([?&;]sig=)[^&\s"']+/gi, `$1${REDACTED}`],
  // user:password@ of a URL; the user stays, it helps to find which proxy was meant.
  [/([a-z][a-z0-9+.-]{0,30}:\/\/[^/\s:@"']{0,200}:)[^\s"<>]+@/gi, `$1${REDACTED}@`],
  [/\b((?:proxy-)?authorization["']?\s*[:=]\s*["']?(?:basic|bearer)\s+)[\w+/=.~-]+/gi, `$1${REDACTED}`],
  [
    /\b([\w-]{0,40}(?:password|passwd|passphrase|secret|account[_-]?key|api[_-]?key|token|credentials?)["']?\s*[:=]\s*)("[^"]*"|'[^']*'|[^\s,;&"']+)/gi,
    `$1${REDACTED}`,
  ],
];
