import t from 'tap';
import { diagnose } from '../../../agent/reach/diagnosis.ts';
import { type FaultCode, faultOf, type StepName, Stopped } from '../../../agent/reach/fault.ts';

const error = (code: string) => Object.assign(new Error(code), { code });

t.test('what an error means depends on the step', async (t) => {
  const cases: readonly (readonly [StepName, string, FaultCode])[] = [
    ['resolve', 'ENOTFOUND', 'dns.unknown'],
    ['connect', 'ECONNREFUSED', 'tcp.refused'],
    ['connect', 'EHOSTUNREACH', 'tcp.unreachable'],
    ['connect', 'ENETUNREACH', 'tcp.unreachable'],
    ['connect', 'ETIMEDOUT', 'tcp.silent'],
    ['tunnel', 'ECONNRESET', 'proxy.closes'],
    ['tunnel', 'HPE_INVALID_CONSTANT', 'proxy.not-http'],
    ['tls', 'ECONNRESET', 'tls.closes'],
    ['tls', 'ERR_SSL_WRONG_VERSION_NUMBER', 'tls.failed'],
    ['http', 'ECONNRESET', 'http.closes'],
  ];
  for (const [step, code, expected] of cases) {
    t.match(faultOf(step, error(code), false), { code: expected, detail: code }, `${step} ${code}`);
  }
  for (const [step, expected] of [
    ['resolve', 'dns.silent'],
    ['connect', 'tcp.silent'],
    ['tunnel', 'proxy.silent'],
    ['tls', 'tls.silent'],
    ['http', 'http.silent'],
  ] as const) {
    t.equal(faultOf(step, error('ABORT_ERR'), true).code, expected);
  }
  t.match(faultOf('tunnel', new Stopped('proxy.forbids', 'answers 403'), true), { code: 'proxy.forbids' }, 'it knows');
});

t.test('each is told with its layer, its names and a remedy', async (t) => {
  const told = (code: FaultCode, proxy?: string) =>
    diagnose({ code, detail: 'DETAIL' }, { endpoint: 'store:443', proxy });
  const layers = {
    dns: /^DNS: /,
    tcp: /^TCP: /,
    proxy: /^proxy: http:\/\/p:1 |http:\/\/p:1/,
    tls: /^TLS: /,
    http: /^HTTP: /,
  };
  for (const code of [
    ...(['dns.unknown', 'dns.silent', 'tcp.refused', 'tcp.silent', 'tcp.unreachable'] as const),
    ...(['proxy.address', 'proxy.authentication', 'proxy.forbids', 'proxy.cannot', 'proxy.silent'] as const),
    ...(['proxy.closes', 'proxy.not-http', 'tls.intercepted', 'tls.untrusted', 'tls.invalid', 'tls.closes'] as const),
    ...(['tls.silent', 'tls.failed', 'http.status', 'http.closes', 'http.silent'] as const),
  ]) {
    const { message, remedy } = told(code, 'http://p:1');
    t.match(message, layers[code.split('.')[0] as keyof typeof layers], code);
    t.ok(remedy.endsWith('.') || remedy.includes('quiesced proxy') || remedy.includes('getent'), remedy);
  }
  t.match(told('tcp.silent').message, /store:443/, 'who is connected to: the endpoint itself, or the proxy');
  t.match(told('tcp.silent', 'http://p:1').message, /the proxy http:\/\/p:1/);
});
