import t from 'tap';
import { REDACTED } from '../../../agent/redact.ts';
import { createSecrets, webhooksIn } from '../../../agent/support/secrets.ts';

const SECRET = 'p+ss/w0rd="x';
const base64 = (text: string): string => Buffer.from(text).toString('base64');

t.test('what is a secret in one place is taken out of all', async (t) => {
  const secrets = createSecrets();
  const config = secrets.redact(`password = ${SECRET}\n`);
  t.notMatch(config, SECRET);
  const places = [
    `bare ${SECRET} here`,
    `url ${encodeURIComponent(SECRET)}`,
    `lower case ${encodeURIComponent(SECRET).replace(/%../g, (code) => code.toLowerCase())}`,
    `twice ${encodeURIComponent(encodeURIComponent(SECRET))}`,
    JSON.stringify([SECRET]),
    ...['', 'u', 'us', 'usr'].map((user) => `base64 ${base64(`${user}:${SECRET}`)}`),
    `base64url ${base64(`?${SECRET}`).replaceAll('+', '-').replaceAll('/', '_')}`,
  ];
  for (const place of places) {
    const swept = secrets.sweep(place);
    t.match(swept, REDACTED, place);
    t.notMatch(swept, /ss.{0,3}w0rd|c3MvdzByZ|NzL3cwcm|zcy93MHJk/, place);
  }
});

t.test('the password of Basic, and each line of a key, are known by themselves', async (t) => {
  const secrets = createSecrets();
  secrets.redact(`Authorization: Basic ${base64('user:hunter2-hunter2')}`);
  secrets.redact(
    '-----BEGIN PRIVATE KEY-----\nMIIEpAIBAAKCAQEAx3nP7\nq9Zr2Vt8Lw4Yk1Jm6Hb5G==\n-----END PRIVATE KEY-----',
  );
  secrets.redact(
    JSON.stringify({ cert: '-----BEGIN PRIVATE KEY-----\nJj8Lq2Vt8Lw4Yk1Jm6Hb5\n-----END PRIVATE KEY-----' }),
  );
  const swept = secrets.sweep(
    'a hunter2-hunter2 b MIIEpAIBAAKCAQEAx3nP7 c q9Zr2Vt8Lw4Yk1Jm6Hb5G== d Jj8Lq2Vt8Lw4Yk1Jm6Hb5',
  );
  t.equal(swept, `a ${REDACTED} b ${REDACTED} c ${REDACTED} d ${REDACTED}`);
});

t.test('plain words stay readable', async (t) => {
  const secrets = createSecrets();
  secrets.redact('password = required\ntoken = none\nsecret = 1234\npasswd=ab1');
  t.equal(secrets.sweep('none required, 1234 ab1'), 'none required, 1234 ab1');
});

t.test('JSON stays JSON, a line of it, too', async (t) => {
  const secrets = createSecrets();
  const detail = `Authorization: Basic ${base64('u:p')} "quoted"`;
  const whole = secrets.redact(JSON.stringify({ detail, password: ['a'], n: 1 }, undefined, 2));
  t.strictSame(JSON.parse(whole), { detail: `Authorization: Basic ${REDACTED}`, password: REDACTED, n: 1 });
  const text = `${JSON.stringify({ detail })}\nplain password=abcdef1\n{"token":["x"],"a":1}\n{"id":2,"token":"secret-to`;
  t.strictSame(secrets.redact(text).split('\n'), [
    JSON.stringify({ detail: `Authorization: Basic ${REDACTED}` }),
    `plain password=${REDACTED}`,
    JSON.stringify({ token: REDACTED, a: 1 }),
    `{"id":2,"token":"${REDACTED}`,
  ]);
});

t.test('the path of a webhook is its password', async (t) => {
  const text = '[notify]\nurl = "https://monitor.example/hook/7f3a"\n[proxy]\nurl = http://proxy:3128\n';
  t.strictSame(webhooksIn(text), ['https://monitor.example/hook/7f3a', '/hook/7f3a', 'hook/7f3a']);
  const secrets = createSecrets();
  secrets.add(webhooksIn(text));
  t.equal(secrets.sweep('POST /hook/7f3a to monitor.example'), `POST ${REDACTED} to monitor.example`);
});

t.test('thousands of secrets do not keep it busy', async (t) => {
  const secrets = createSecrets();
  const log = Array.from({ length: 20_000 }, (_, at) => `line ${at} token=Secret-${at}-${'x'.repeat(30)}`).join('\n');
  const startMs = performance.now();
  secrets.sweep(secrets.redact(log));
  t.ok(performance.now() - startMs < 40_000, `${Math.round(performance.now() - startMs)} ms`);
});

t.test('a secret with half a character in it is taken out like another', async (t) => {
  const secrets = createSecrets();
  secrets.add(['half-\ud800-of-it', 'half-\\ud800-escaped']);
  t.equal(secrets.sweep('a half-\ud800-of-it b'), `a ${REDACTED} b`);
  t.equal(secrets.sweep('a half-\\ud800-escaped b'), `a ${REDACTED} b`);
});
