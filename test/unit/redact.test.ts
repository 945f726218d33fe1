import t from 'tap';
import { REDACTED, redact, redactJson } from '../../agent/redact.ts';
import fc from '../fast-check.ts';

/** A signature as Azure makes them, base64 of 32 bytes. None of these was ever valid. */
const SIG = 'kJ3xZ8sQp%2BVn0yT7LrWm1oBc5dHfGuE2aNqXwYz9iAM%3D';
const KEY = 'Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq';
const BLOB = 'https://account1.blob.core.windows.net/vhds/disk-0.vhd';

/** Each holds the secrets that are listed, and keeps what is listed after them. */
const REAL: readonly (readonly [text: string, secrets: readonly string[], keeps: readonly string[]])[] = [
  [`${BLOB}?sv=2023-11-03&sr=b&sig=${SIG}&se=2026-03-01T03%3A00%3A00Z&sp=r`, [SIG], ['sv=2023-11-03', 'sp=r', BLOB]],
  [`${BLOB}?sig=${SIG}`, [SIG], [`${BLOB}?sig=`]],
  [`GET ${BLOB}?st=2026&se=2026&sig=${SIG} HTTP/1.1`, [SIG], ['HTTP/1.1']],
  [`{"uri":"${BLOB}?sv=1\\u0026sig=${SIG}\\u0026se=2026"}`, [SIG], ['u0026se=2026']],
  [`<Uri>${BLOB}?sv=1&amp;sig=${SIG}&amp;se=2026</Uri>`, [SIG], ['</Uri>']],
  [
    `curl "https://relay/?to=${encodeURIComponent(`${BLOB}?sv=1&sig=${SIG}`)}"`,
    [encodeURIComponent(SIG), SIG],
    ['relay'],
  ],
  [`sv=2023-11-03&ss=b&srt=sco&SIG=${SIG}`, [SIG], ['ss=b']],
  [`SharedAccessSignature sr=x&sig=${SIG}&se=1`, [SIG], ['se=1']],
  ['http://backup:s3cr3t-Pw@proxy.example:3128/', ['s3cr3t-Pw'], ['http://backup:', '@proxy.example:3128/']],
  ['HTTPS_PROXY=http://domain%5Cuser:p%40ss%2Fw@10.0.0.4:8080', ['p%40ss%2Fw'], ['@10.0.0.4:8080']],
  ['socks5h://u:a@b@c:d@proxy:1080', ['a@b@c:d'], ['@proxy:1080']],
  ["proxy = 'http://u:with/slash@proxy:1'", ['with/slash'], ['@proxy:1']],
  [`Authorization: Basic YmFja3VwOnMzY3IzdA==`, ['YmFja3VwOnMzY3IzdA'], ['Basic ']],
  [`Proxy-Authorization: Basic YmFja3VwOnMzY3IzdA==\r\nHost: x`, ['YmFja3VwOnMzY3IzdA'], ['Host: x']],
  [
    'authorization: Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_DEF',
    ['eyJhbGciOiJIUzI1NiJ9', 'abc-_DEF'],
    ['Bearer '],
  ],
  [`Authorization: SharedKey account1:${KEY}==`, [KEY], ['SharedKey ']],
  ['Authorization: Digest username="u", response="6629fae49393a05397450978507c4ef1"', ['6629fae49393'], ['Digest ']],
  ['Authorization: abcdef0123456789', ['abcdef0123456789'], ['Authorization']],
  ['{"Authorization":"Bearer abc.def","next":"kept"}', ['abc.def'], ['"next":"kept"']],
  ["headers: { authorization: 'Bearer abc.def' }", ['abc.def'], ['Bearer ']],
  [JSON.stringify({ outer: '{"Authorization":"Bearer abc.def","next":"kept"}' }), ['abc.def'], ['kept']],
  [
    `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${KEY}==;EndpointSuffix=core.windows.net`,
    [KEY],
    ['AccountName=a', 'EndpointSuffix'],
  ],
  [`Endpoint=sb://x/;SharedAccessKeyName=k;SharedAccessKey=${KEY}=`, [KEY], ['SharedAccessKeyName=k']],
  ['{"password": "with \\"quotes\\" in it", "user": "u"}', ['quotes', 'in it'], ['"user": "u"']],
  [JSON.stringify({ protectedSettings: '{"commandToken":"abc123","x":1}' }), ['abc123'], ['protectedSettings']],
  ["client_secret: 'a b c'", ['a b c'], ['client_secret']],
  ['DB_PASSWORD=hunter2 DB_USER=root', ['hunter2'], ['DB_USER=root']],
  ['password = correct horse battery\nuser = root', ['horse', 'battery'], ['user = root']],
  ['Server=db;Uid=sa;Pwd=hunter2;', ['hunter2'], ['Uid=sa']],
  ['<UserPassword>hunter2</UserPassword><UserName>u</UserName>', ['hunter2'], ['<UserName>u</UserName>']],
  ['mysqldump --password hunter2 --all', ['hunter2'], ['--all']],
  ['["mysqldump","--password","hunter2","--all"]', ['hunter2'], ['"--all"']],
  ['mysqldump --password=hunter2 --all', ['hunter2'], ['--all']],
  ['curl -u backup:hunter2 https://x', ['hunter2'], ['-u backup:', 'https://x']],
  ['curl --proxy-user backup:hunter2', ['hunter2'], ['backup:']],
  [
    `-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKC\nAQEA7\n-----END RSA PRIVATE KEY-----\nnext`,
    ['MIIEpAIBAAKC', 'AQEA7'],
    ['next'],
  ],
  ['-----BEGIN PRIVATE KEY-----\\nMIIEpAIBAAKC', ['MIIEpAIBAAKC'], ['BEGIN PRIVATE KEY']],
  [`https://oauth2:${KEY.repeat(40)}@git.example/x`, [KEY], ['https://oauth2:', '@git.example/x']],
  ['http://u:@begins-so@host/', ['begins-so'], ['http://u:', '@host/']],
  ['x-api-key: abc123', ['abc123'], ['x-api-key']],
  ['sasToken=?sv=1', ['?sv=1'], ['sasToken']],
  ['MYSQL_PWD=hunter2 mysqldump', ['hunter2'], ['mysqldump']],
  ['//nas/share /mnt cifs user=u,pass=hunter2,vers=3 0 0', ['hunter2'], ['user=u', 'vers=3']],
  ['AZURE_STORAGE_KEY=hunter2', ['hunter2'], ['AZURE_STORAGE_KEY']],
  ['Ocp-Apim-Subscription-Key: hunter2', ['hunter2'], []],
  ['Set-Cookie: session=hunter2; Path=/\nHost: x', ['hunter2'], ['Host: x']],
  ['machine host login backup password hunter2', ['hunter2'], ['login backup']],
  ['[{"Name": "DbPassword", "Value": "hunter2"}]', ['hunter2'], ['DbPassword']],
  ['mysqldump -u root -phunter2 --all-databases', ['hunter2'], ['--all-databases']],
  ['git clone https://ghp_16C7e42F292c6912E7710c838347Ae178B4a@github.example/x', ['ghp_16C7'], ['@github.example/x']],
  ['got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0aa.abc-_DEF back', ['eyJhbGciOiJIUzI1NiJ9', 'abc-_DEF'], ['back']],
  [`key is ${KEY}${'A'.repeat(86 - KEY.length)}== now`, [KEY], ['now']],
  ['root:$6$rounds=5000$saltsalt$Xq0mQ1k2nV.pk/:19000:', ['saltsalt', 'Xq0mQ1k2nV'], [':19000:']],
  ['-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQVYBF\n-----END PGP PRIVATE KEY BLOCK-----', ['lQVYBF'], ['END PGP']],
];

t.test('secrets as they are met', async (t) => {
  for (const [text, secrets, keeps] of REAL) {
    const told = redact(text);
    for (const secret of secrets) t.notOk(told.includes(secret), `${secret} in: ${told}`);
    for (const kept of keeps) t.ok(told.includes(kept), `${kept} stays in: ${told}`);
    t.ok(told.includes(REDACTED), 'and it is seen that something was there');
    t.equal(redact(told), told, 'once is enough');
  }
});

t.test('what is no secret stays as it is', async (t) => {
  const harmless = [
    'http://proxy.example:3128/path',
    'https://[fe80::1]:443/',
    'root@server:/srv/backup',
    'mail to admin@example.com: the disk is full',
    'the design=5 of the token ring, signed',
    'password is required; see passwd(5)',
    '/etc/shadow- and /etc/passwd',
    'tokens: 5, secretary: Bob',
    'freeze took 12 ms',
    `${BLOB}?sv=2023-11-03&sr=b`,
    '',
  ];
  for (const text of harmless) t.equal(redact(text), text);
});

/** Whatever a generator of passwords or keys may give. */
const secret = fc.string({
  unit: fc.constantFrom(...'abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789+/_%~!$*.-'),
  minLength: 8,
  maxLength: 60,
});
const before = fc.constantFrom('', 'cannot read ', '{"a":"b"} ', 'GET ', 'line one\n', 'x="', "x='", '?');

const PLACES: readonly ((secret: string) => string)[] = [
  (value) => `${BLOB}?sv=1&sig=${encodeURIComponent(value)}&se=2`,
  (value) => `${BLOB}?sv=1\\u0026sig=${encodeURIComponent(value)}`,
  (value) => `http://user:${value}@proxy:3128`,
  (value) => `Authorization: Bearer ${value}`,
  (value) => JSON.stringify({ password: value }),
  (value) => JSON.stringify({ nested: JSON.stringify({ clientSecret: value, other: 1 }) }),
  (value) => `token=${value}`,
  (value) => `DB_PASSWORD = ${value}`,
  (value) => `AccountKey=${value};x=y`,
  (value) => `<Password>${value}</Password>`,
  (value) => `cmd --api-key ${value}`,
  (value) => JSON.stringify(['cmd', '--token', value]),
];

t.test('a planted secret never survives, wherever it stands', async () => {
  fc.assert(
    fc.property(before, fc.constantFrom(...PLACES), secret, before, (start, place, value, end) => {
      const text = `${start}${place(value)} ${end}`;
      const shown = redact(text);
      for (const form of [value, encodeURIComponent(value)]) if (shown.includes(form)) throw new Error(shown);
      if (redact(shown) !== shown) throw new Error(`twice is as once: ${redact(shown)}`);
    }),
    { numRuns: 3000 },
  );
});

t.test('a quoted secret may hold anything', async () => {
  const anything = fc.string({ minLength: 8, maxLength: 40 }).filter((text) => /[a-z0-9]{6}/i.test(text));
  fc.assert(
    fc.property(anything, (value) => {
      const kept = /[a-z0-9]{6,}/i.exec(value)?.[0] ?? '';
      const shown = redact(JSON.stringify({ password: value, x: 1 }));
      if (shown.includes(kept)) throw new Error(shown);
    }),
  );
});

t.test('what was taken out is told', async (t) => {
  const found: string[] = [];
  redact('http://u:first@proxy password=second', (secret) => found.push(secret));
  t.strictSame(found, ['first', 'second']);
  redact(redact('password=second'), () => t.fail('what is hidden already is no secret'));
});

t.test('a value that becomes JSON', async (t) => {
  const found: string[] = [];
  const value = {
    url: 'http://u:first@proxy',
    password: { nested: 'second' },
    token: 12345678,
    apiKey: 'third',
    hasPassword: true,
    list: [{ Key: 'ClientSecret', Value: 'fourth' }, 'Authorization: Basic fifth', 7],
    nothing: undefined,
    'http://u:sixth@proxy': null,
  };
  t.strictSame(JSON.parse(JSON.stringify(redactJson(value, (secret) => found.push(secret)))), {
    url: `http://u:${REDACTED}@proxy`,
    password: REDACTED,
    token: REDACTED,
    apiKey: REDACTED,
    hasPassword: true,
    list: [{ Key: 'ClientSecret', Value: REDACTED }, `Authorization: Basic ${REDACTED}`, 7],
    [`http://u:${REDACTED}@proxy`]: null,
  });
  t.strictSame(found, ['first', 'third', 'fourth', 'fifth', 'sixth']);
});

t.test('no text takes long', async (t) => {
  const long = [
    'a',
    '://a:',
    'a://',
    'a://b:',
    '@a://b:',
    'password',
    '-----BEGIN PRIVATE KEY-----',
    'sig',
    '"',
    '\\',
    'authorization: ',
    '<password',
    '-u a:',
    'mysql -',
    'login a password',
    '"name":"password","value"',
    'eyJaaaaaaaaaa.',
    '$6$',
    'cookie: ',
  ];
  for (const piece of long) {
    const startMs = performance.now();
    redact(piece.repeat(200_000 / piece.length));
    const tookMs = performance.now() - startMs;
    t.ok(tookMs < 15_000, `${JSON.stringify(piece)}: ${Math.round(tookMs)} ms`);
  }
});
