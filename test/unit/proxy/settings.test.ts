import t from 'tap';
import { UserError } from '../../../agent/errors.ts';
import { proxySettings, REQUIRED_BYPASS, urlOf } from '../../../agent/proxy/settings.ts';
import { fromConfig, fromEnvironment } from '../../../agent/proxy/sources.ts';
import { assert, constantFrom, ipV4, ipV6, property, string, tuple } from '../../fast-check.ts';

const codeOf = (work: () => unknown): string => {
  try {
    work();
    return 'taken';
  } catch (error) {
    if (error instanceof UserError) return error.code;
    throw error;
  }
};

t.test('addresses', async (t) => {
  const cases: readonly (readonly [string, string])[] = [
    ['http://proxy.example:3128', 'proxy.example 3128'],
    ['http://proxy.example:3128/', 'proxy.example 3128'],
    ['HTTP://Proxy.Example:80', 'proxy.example 80'],
    ['http://10.0.0.8:3128', '10.0.0.8 3128'],
    ['http://[FD00::8]:3128', 'fd00::8 3128'],
    ['http://proxy.example', 'proxy.url'],
    ['http://proxy.example:', 'proxy.url'],
    ['http://proxy.example:0', 'proxy.url'],
    ['http://proxy.example:65536', 'proxy.url'],
    ['http://proxy.example:3128/path', 'proxy.url'],
    ['http://proxy.example:3128?x', 'proxy.url'],
    ['proxy.example:3128', 'proxy.url'],
    ['socks5://proxy.example:1080', 'proxy.url'],
    ['http://fd00::8:3128', 'proxy.url'],
    ['http://[fd00::8%eth0]:3128', 'proxy.url'],
    ['http://a b:1', 'proxy.url'],
    ['http://"x":1', 'proxy.url'],
    ['', 'proxy.url'],
    ['https://proxy.example:3128', 'proxy.scheme'],
    ['http://user:pass@proxy.example:3128', 'proxy.credentials'],
    ['http://user@proxy.example:3128', 'proxy.credentials'],
    ['https://user:pass@proxy.example:3128', 'proxy.credentials'],
    ['user:pass@proxy.example:3128', 'proxy.credentials'],
  ];
  for (const [url, wanted] of cases) {
    const code = codeOf(() => proxySettings(url, [], '--url'));
    const { host, port } = code === 'taken' ? proxySettings(url, [], '--url') : { host: '', port: 0 };
    t.equal(code === 'taken' ? `${host} ${port}` : code, wanted, url);
  }
});

t.test('a password never stands in what is said, wherever it was written', async (t) => {
  const place = constantFrom(
    'http://u:PASS@h:1',
    'http://h:1/PASS@x',
    'PASS@h:1',
    'http://PASS',
    'https://u:PASS@h',
    'u:PASS',
  );
  assert(
    property(place, constantFrom('s3cret!', 's3cret/x', 's3cret#', 's3cret@@'), (url, password) => {
      try {
        proxySettings(url.replace('PASS', password), [], '--url');
        return true;
      } catch (error) {
        const { message, remedy } = error as UserError;
        return error instanceof UserError && !`${message}${remedy}`.includes('s3cret') && message.startsWith('--url');
      }
    }),
  );
  t.throws(() => proxySettings('http://h:1', ['u:s3cret@x'], '--bypass'), {
    code: 'proxy.bypass',
    message: /^--bypass/,
  });
});

t.test('what is taken is written as it was meant, and needs no quotes anywhere', async (t) => {
  const name = tuple(constantFrom('proxy', 'a-b', 'x_y', '1'), constantFrom('', '.example')).map((parts) =>
    parts.join(''),
  );
  const host = constantFrom<'name' | 'v4' | 'v6'>('name', 'v4', 'v6').chain((kind) =>
    kind === 'name' ? name : kind === 'v4' ? ipV4() : ipV6().map((address) => `[${address}]`),
  );
  assert(
    property(host, (given) => {
      const url = `http://${given}:3128`;
      if (!URL.canParse(url)) return true;
      const once = urlOf(proxySettings(url, [], 'test'));
      return urlOf(proxySettings(once, [], 'test')) === once && /^http:\/\/[\w.:[\]-]+:3128$/.test(once);
    }),
  );
  assert(
    property(string(), (anything) => {
      const code = codeOf(() => proxySettings(anything, [], 'test'));
      return code === 'taken' || code.startsWith('proxy.');
    }),
  );
  t.pass();
});

t.test('the bypass list', async (t) => {
  t.strictSame(proxySettings('http://h:1', [], 'x').bypass, REQUIRED_BYPASS);
  for (const must of ['168.63.129.16', '169.254.169.254', 'localhost', '127.0.0.0/8', '::1'])
    t.ok(REQUIRED_BYPASS.includes(must), must);
  const more = ['.example', 'LOCALHOST', '.Example', '10.0.0.0/8'];
  t.strictSame(proxySettings('http://h:1', more, 'x').bypass, [...REQUIRED_BYPASS, '.example', '10.0.0.0/8']);
});

t.test('from the environment', async (t) => {
  const from = (env: Record<string, string>) => fromEnvironment({ env }, ['.more']);
  t.match(from({ http_proxy: 'http://a:1', HTTPS_PROXY: 'http://b:2', NO_PROXY: 'x, .y' }), { host: 'b', port: 2 });
  t.strictSame(from({ https_proxy: 'a:1', no_proxy: 'x,.y' }).bypass, [...REQUIRED_BYPASS, 'x', '.y', '.more']);
  t.match(from({ https_proxy: '', http_proxy: 'http://a:1' }), { host: 'a' }, 'an empty one is none');
  t.throws(() => from({}), { code: 'proxy.none' });
  t.throws(() => from({ HTTP_PROXY: 'http://u:p@a:1' }), { code: 'proxy.credentials', message: /^HTTP_PROXY: / });
});

t.test('from the configuration', async (t) => {
  const from = (url: string | undefined) =>
    fromConfig({ proxy: { url, bypass: ['.x'], endpoints: [], manage: false } });
  t.equal(from(undefined), undefined);
  t.match(from('http://a:1'), { host: 'a', port: 1 });
  t.throws(() => from('https://a:1'), { code: 'proxy.scheme', message: /^\[proxy\] url: / });
});
