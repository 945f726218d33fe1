/** What goes into a support bundle: texts of all kinds, of which no secret may be left. */
import { afterCut } from '../../../agent/support/part.ts';
import { createSecrets, webhooksIn } from '../../../agent/support/secrets.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const CONF =
  '[notify]\nurl = https://hooks.example/services/T00/B00/XXXXYYYYZZZZ\n\n[proxy]\nurl = http://u:pw-of-proxy@p:3128\n';
const JSON_LOG =
  '{"level":"warn","password":"in-the-log","url":"https://x/?sig=abcDEF"}\n{"level":"info","message":"calm"}\n';
const KEY = 'MIIEpAIBAAKC\n-----END RSA PRIVATE KEY-----\nnext line\n';

/** Found in one text, it is taken out of every other, whatever that text looks like. */
const SECRET = 'kJ3xZ8sQpVn0yT7LrWm1oBc5dHfGuE2aNqXwYz9iAM';

function bundled(given: string): void {
  // Parts are cut at 256 KiB, and their redaction is fuzzed for itself.
  const text = given.slice(0, 16_384);
  const secrets = createSecrets();
  secrets.add([SECRET, ...webhooksIn(text)]);
  const half = Math.floor(text.length / 2);
  const swept = secrets.sweep(secrets.redact(`${text.slice(0, half)} ${SECRET} ${text.slice(half)}`));
  mustHold(!swept.includes(SECRET), 'a known secret is nowhere');
  mustHold(text.includes(afterCut(text)), 'what begins after a cut is the end of it');
}

export const supportTargets: readonly FuzzTarget[] = [
  textTarget(
    'support-bundle',
    ['support/part.ts afterCut', 'support/secrets.ts webhooksIn'],
    [CONF, JSON_LOG, KEY],
    bundled,
  ),
];
