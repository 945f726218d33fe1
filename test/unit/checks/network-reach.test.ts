import t from 'tap';
import type { Check, CheckContext } from '../../../agent/checks/check.ts';
import { networkChecks } from '../../../agent/checks/network.ts';
import { judgeStorage, judgeTls, reachProbe, storageIsReached } from '../../../agent/checks/network-reach.ts';
import { judgeBypass, judgeExtensions } from '../../../agent/checks/proxy-settings.ts';
import { newContext } from '../../../agent/checks/run.ts';
import type { Consumer } from '../../../agent/proxy/effective.ts';
import type { Facts } from '../../../agent/system/facts.ts';
import { imdsOf } from '../../../agent/system/imds.ts';
import { AZURE, ELSEWHERE, find, machine } from './machine.ts';

const ENDPOINT = { purpose: 'chosen', url: 'https://127.0.0.1:1' } as const;
const UNIT = {
  '/lib/systemd/system/waagent.service': '[Service]\nEnvironment=https_proxy=http://127.0.0.1:1\n',
};
const withDisks = (writeAcceleratorEnabled: string): Facts => {
  const storageProfile = { osDisk: { managedDisk: { id: 'x' }, writeAcceleratorEnabled } };
  return { ...AZURE, cloud: { name: 'azure', imds: imdsOf({ compute: { storageProfile } }), imdsFault: undefined } };
};

t.test('the group is what the catalogue asks for', async (t) => {
  t.strictSame(networkChecks.map(({ id }) => id).sort(), [
    'net.dhcp',
    'net.firewall',
    'net.hostga32526',
    'net.imds',
    'net.mars-fqdn',
    'net.multi-ip',
    'net.storage443',
    'net.tls',
    'net.wireserver80',
    'proxy.auth',
    'proxy.bypass',
    'proxy.env-vs-service',
    'proxy.localsystem',
    'proxy.reach',
    'proxy.scheme',
    'proxy.vmsnapshot',
  ]);
});

t.test('a packet is sent only where a backup would send one', async (t) => {
  const ways = async (facts: Facts, files: Record<string, string> = {}, live = true) => {
    const { system, cleanUp } = machine({ files });
    t.teardown(cleanUp);
    const { trials } = await reachProbe([ENDPOINT])({ ...system, live }, newContext(system, facts) as CheckContext);
    return trials.map(({ consumers, proxy }) => `${consumers.join(' ')}: ${proxy ?? 'directly'}`);
  };
  t.strictSame(await ways(withDisks('false')), [], 'nothing needs it');
  t.strictSame(await ways(withDisks('true')), ['extensions: directly'], 'the backup extension takes no proxy');
  t.strictSame(await ways(withDisks('false'), UNIT), ['extensions: http://127.0.0.1:1']);
  t.strictSame(await ways(ELSEWHERE, UNIT), [], 'not on Azure');
  t.strictSame(await ways(withDisks('true'), UNIT, false), [], 'a disk that is looked at');
});

t.test('storage, where it is not known what is needed', async (t) => {
  const check: Check = storageIsReached(reachProbe([ENDPOINT]));
  t.match(await find(check, { facts: ELSEWHERE }), { verdict: 'skip', detail: 'not on Azure' });
  t.match(await find(check, {}), { verdict: 'skip', detail: /metadata service/ });
  t.match(judgeStorage({ trials: [], needed: true }), { verdict: 'info', remedy: /--endpoint/ });
});

t.test('somebody who opens TLS and is trusted for it', async (t) => {
  const trial = {
    purpose: 'storage',
    endpoint: 'a:443',
    proxy: undefined,
    consumers: [],
    steps: [],
    diagnosis: { message: 'opened', remedy: 'Stop it.' },
  } as const;
  t.match(judgeTls(140, { trials: [trial], needed: true }), { verdict: 'warn', detail: 'opened' });
  t.match(judgeTls(140, { trials: [], needed: false }), { verdict: 'pass' });
});

const consumer = (id: Consumer['id'], proxy?: string, bypass: readonly string[] = []): Consumer => ({
  id,
  about: id,
  proxy,
  path: `/${id}`,
  bypass,
  plain: proxy,
});

t.test('who has the proxy, and who has not', async (t) => {
  const P = 'http://p:1';
  t.match(judgeExtensions([consumer('agent', P), consumer('extensions')]), { verdict: 'warn', detail: /directly/ });
  t.match(judgeExtensions([consumer('agent', P), consumer('extensions', 'http://q:2')]), { detail: /by http:\/\/q:2/ });
  t.match(judgeExtensions([consumer('extensions', P), consumer('logins')]), { verdict: 'pass' });
  t.match(judgeExtensions([consumer('logins', P)]), { verdict: 'skip' });
  t.match(judgeExtensions([consumer('logins')]), { verdict: 'pass' });
  const secret = judgeExtensions([consumer('logins', 'http://u:s3cret@p:1'), consumer('extensions')]);
  t.notMatch(`${secret.detail}${secret.remedy}`, /s3cret/);
  t.match(judgeBypass([consumer('agent', P)]), { verdict: 'pass' }, 'it asks the host directly in any case');
  t.match(judgeBypass([consumer('logins', P)]), { verdict: 'warn' });
  t.match(judgeBypass([consumer('logins', P), consumer('daemon', P, ['169.254.169.254'])]), {
    verdict: 'fail',
    detail: /^logins; daemon: the list of exceptions does not name 168\.63\.129\.16$/,
  });
});
