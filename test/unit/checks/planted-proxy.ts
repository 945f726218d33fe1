import { rootCertificates } from 'node:tls';
import { dataDisk, imdsAnswer } from './healthy-machine.ts';
import { http } from './loopback.ts';
import { type Fault, files } from './planted-fault.ts';
import { REFUSED } from './planted-run.ts';

const BUNDLE = '/etc/ssl/certs/ca-certificates.crt';
/** A public one, of which Node brings many. */
const OTHER_AUTHORITY = rootCertificates[0] ?? '';
/** Nobody listens there. */
const DEAD = 'http://127.0.0.1:1';
/** Without a way of its own to the endpoint that stands for storage, which is on loopback. */
const EXCEPTIONS = '168.63.129.16,169.254.169.254';

const UNIT = { '/lib/systemd/system/walinuxagent.service': '[Service]\nExecStart=/usr/sbin/waagent -daemon\n' };
const unit = (proxy: string, exceptions = EXCEPTIONS) =>
  files({
    ...UNIT,
    '/etc/systemd/system/walinuxagent.service.d/10-site.conf': `[Service]\nEnvironment=https_proxy=${proxy} http_proxy=${proxy} no_proxy=${exceptions}\n`,
    '/etc/waagent.conf': 'Extensions.Enabled=y\n',
  });
const accelerated = { imds: imdsAnswer({}, [dataDisk(0, { writeAcceleratorEnabled: 'true' })]) };

/** The way to the endpoint goes around the proxy, and is good: what is wrong is the setting alone. */
const AROUND = `${EXCEPTIONS},127.0.0.1`;
const SNAPSHOT = 'proxy.vmsnapshot info';

export const PROXY_FAULTS: readonly Fault[] = [
  {
    name: 'a disk with Write Accelerator, and storage that refuses',
    plant: { ...accelerated, storage: REFUSED },
    found: 'net.storage443',
    verdict: 'fail',
    detail: /TCP: 127\.0\.0\.1:\d+ refuses/,
    also: ['disk.write-accel info'],
  },
  {
    name: 'no authorities',
    plant: files({ [BUNDLE]: undefined }),
    found: 'net.tls',
    verdict: 'warn',
    detail: /no list of authorities/,
  },
  {
    name: 'an authority that nobody knows',
    plant: { ...accelerated, ...files({ [BUNDLE]: OTHER_AUTHORITY }) },
    found: 'net.tls',
    verdict: 'fail',
    detail: /issued by Authority of the tests, which nothing here trusts/,
    also: ['disk.write-accel info'],
    hides: ['net.storage443', 'proxy.reach'],
  },
  {
    name: 'a proxy in /etc/environment alone',
    plant: files({ ...UNIT, '/etc/environment': `https_proxy=${DEAD}\nno_proxy=${EXCEPTIONS}\n` }),
    found: 'proxy.env-vs-service',
    verdict: 'warn',
    detail: /set in \/etc\/environment, which extensions do not see: they go directly/,
  },
  {
    name: 'extensions that would look for the host behind a proxy',
    plant: unit(DEAD, '127.0.0.1'),
    found: 'proxy.bypass',
    verdict: 'fail',
    detail: /the list of exceptions does not name 168\.63\.129\.16 and 169\.254\.169\.254/,
    also: [SNAPSHOT],
  },
  {
    name: 'a proxy with a password',
    plant: unit('http://me:secret@127.0.0.1:1'),
    found: 'proxy.auth',
    verdict: 'fail',
    detail: /holds a user or password/,
    also: [SNAPSHOT],
    hides: ['proxy.reach'],
  },
  {
    name: 'a proxy that is spoken to by TLS',
    plant: unit('https://127.0.0.1:1', AROUND),
    found: 'proxy.scheme',
    verdict: 'warn',
    detail: /to which TLS is spoken/,
    also: [SNAPSHOT],
    hides: ['proxy.reach'],
  },
  {
    name: 'a proxy that is not there',
    plant: unit(DEAD),
    found: 'proxy.reach',
    verdict: 'warn',
    detail: /TCP: the proxy http:\/\/127\.0\.0\.1:1 refuses/,
    also: [SNAPSHOT],
  },
  {
    name: 'the same, where storage is needed',
    plant: { ...unit(DEAD), ...accelerated },
    found: 'proxy.reach',
    verdict: 'fail',
    detail: /refuses/,
    also: [SNAPSHOT, 'disk.write-accel info'],
  },
  {
    name: 'a proxy that is well set',
    plant: unit(DEAD, AROUND),
    found: 'proxy.vmsnapshot',
    verdict: 'info',
    detail: /goes to storage directly/,
  },
  {
    name: 'storage that is out of order',
    plant: { ...accelerated, storage: http(503, 'later') },
    found: 'net.storage443',
    verdict: 'fail',
    detail: /HTTP: .* answers 503/,
    also: ['disk.write-accel info'],
  },
];
