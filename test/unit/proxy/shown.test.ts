import t from 'tap';
import { shownLine, shownValue } from '../../../agent/proxy/shown.ts';

t.test('no user and no password of a proxy is shown', async (t) => {
  for (const value of [
    'http://user:s3cret@h:1',
    'http://s3cret@h:1',
    'user:s3cret@h:1',
    'http://user:s3c:re/t@s3cret@h:1',
    '"http://user:s3cret@h:1"',
  ]) {
    t.match(shownValue(value), /^"?(http:\/\/)?\[redacted\]@h:1"?$/, value);
    for (const line of [
      `http_proxy=${value}`,
      `export HTTPS_PROXY=${value}`,
      `# quiesced proxy, in place of: http_proxy=${value}`,
      `Environment=https_proxy=${value}`,
      `Environment="https_proxy=${value}"`,
      `Acquire::http::Proxy "${value.replaceAll('"', '')}";`,
      `proxy = ${value}`,
      `HttpProxy.Host=${value}`,
    ]) {
      t.notMatch(shownLine(line), /s3c|re\/t|user/, line);
      t.match(shownLine(line), /@h:1/, 'where it leads stays');
    }
  }
});

t.test('what is no secret stays', async (t) => {
  for (const line of ['http_proxy=http://10.0.0.8:3128', 'no_proxy=a,.b,::1', 'HttpProxy.Port=1', 'PATH=/bin', '# x@y'])
    t.equal(shownLine(line), line);
  t.equal(shownValue('http://[fd00::8]:3128'), 'http://[fd00::8]:3128');
});
