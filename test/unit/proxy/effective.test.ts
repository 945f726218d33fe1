import t from 'tap';
import { disagreements } from '../../../agent/proxy/disagreements.ts';
import { type Consumer, consumersOf, type PlaceOf, readPlaces } from '../../../agent/proxy/effective.ts';
import { REQUIRED_BYPASS } from '../../../agent/proxy/settings.ts';
import { environmentOf, unitEnvironment } from '../../../agent/proxy/unit-environment.ts';
import { environmentLine } from '../../../agent/proxy/units.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { machineOf } from './machines.ts';

const place = (id: string, values: Record<string, string>): PlaceOf => ({
  id,
  about: id,
  values: Object.entries(values).map(([name, value]) => ({ path: `/${id}`, name, value })),
});

const waysOf = (...places: readonly PlaceOf[]) =>
  Object.fromEntries(consumersOf(places).map(({ id, proxy }) => [id, proxy]));

t.test('what each program makes of what is set', async (t) => {
  const conf = (values: Record<string, string>) => place('waagent-conf', values);
  const unit = (values: Record<string, string>) => place('agent-unit', values);
  const both = { 'HttpProxy.Host': 'h', 'HttpProxy.Port': '1' };
  t.strictSame(waysOf(), { logins: undefined }, 'who is not here is not told of');
  t.match(waysOf(conf(both), unit({})), { agent: 'http://h:1', extensions: undefined }, 'extensions get nothing of it');
  t.match(waysOf(conf({ ...both, 'HttpProxy.Host': 'fd00::8' })), { agent: 'http://[fd00::8]:1' });
  t.match(waysOf(conf({ 'HttpProxy.Host': 'h' }), unit({ https_proxy: 'http://e:2' })), { agent: undefined });
  t.match(waysOf(conf({ 'HttpProxy.Port': '1' }), unit({ https_proxy: 'http://e:2' })), { agent: 'http://e:2' });
  t.match(waysOf(conf({}), unit({ HTTPS_PROXY: 'http://e:2', https_proxy: '' })), { extensions: 'http://e:2' });
  t.match(waysOf(conf({}), unit({ http_proxy: 'http://e:2' })), { extensions: undefined }, "Azure's storage is HTTPS");
  t.match(waysOf(place('environment', { https_proxy: 'http://l:3' }), unit({})), {
    logins: 'http://l:3',
    extensions: undefined,
  });
});

t.test('a machine where it was set by hand', async (t) => {
  const consumers = consumersOf(await readPlaces(machineOf(t, 'already-set')));
  t.match(consumers, [
    { id: 'agent', proxy: 'http://old.example:8080', path: '/etc/waagent.conf', bypass: ['localhost', '.example'] },
    { id: 'extensions', proxy: 'http://old.example:8080', path: '/etc/systemd/system/waagent.service.d/10-site.conf' },
    { id: 'logins', proxy: 'http://old.example:8080', bypass: ['localhost', '.example'] },
  ]);
  t.match(
    disagreements(consumers).map(({ message }) => message),
    [/^extensions.*: 168.63.129.16 and 169.254.169.254 would be looked for/, /^logins/, /^Microsoft's own/],
  );
});

const consumer = (id: Consumer['id'], more: Partial<Consumer> = {}): Consumer => ({
  id,
  about: id,
  proxy: 'http://p:1',
  path: `/${id}`,
  bypass: REQUIRED_BYPASS,
  plain: 'http://p:1',
  ...more,
});
const told = (...consumers: readonly Consumer[]) =>
  disagreements(consumers)
    .map(({ message }) => message)
    .filter((message) => !message.startsWith('Microsoft'));

t.test('what does not fit together', async (t) => {
  const direct = { proxy: undefined, path: undefined, plain: undefined, bypass: [] };
  t.strictSame(told(consumer('agent'), consumer('extensions'), consumer('logins')), []);
  t.strictSame(told(consumer('agent', direct), consumer('logins', direct)), [], 'no proxy at all');
  t.match(told(consumer('agent'), consumer('extensions', direct)), [
    /^http:\/\/p:1 is set in \/agent, but goes without a proxy: extensions$/,
  ]);
  t.match(told(consumer('agent', direct), consumer('logins')), [/set in \/logins, but goes without a proxy: agent/]);
  t.strictSame(told(consumer('agent'), consumer('logins', direct)), [], 'a login is not on the way to Azure');
  t.match(told(consumer('agent'), consumer('extensions', { proxy: 'http://q:1', plain: 'http://q:1' })), [
    /^Not all use the same proxy: http:\/\/p:1, http:\/\/q:1$/,
  ]);
  t.match(told(consumer('extensions', { bypass: ['169.254.0.0/16'] })), [/168.63.129.16 would be looked for/]);
  t.strictSame(told(consumer('agent', { bypass: [] })), [], 'it never asks its proxy for the host');
  t.match(told(consumer('daemon', { plain: 'http://q:1' })), [/different proxies/]);
  t.match(told(consumer('daemon', { proxy: 'https://p:1', plain: 'https://p:1' })), [/spoken to by TLS/]);
  const withPassword = told(
    consumer('agent', { proxy: 'http://u:s3cret@p:1', plain: 'http://u:s3cret@p:1' }),
    consumer('daemon'),
  );
  t.match(withPassword, [/^Not all/, /holds a user or password/]);
  t.notMatch(withPassword.join(), /s3cret/);
  t.match(disagreements([consumer('agent')]), [{ message: /^Microsoft's own backup extension/ }]);
});

t.test("a unit's environment, by systemd's rules", async (t) => {
  const folder = '/usr/lib/systemd/system';
  const system = fakeSystem({
    files: {
      [`${folder}/a.service`]: '[Service]\nEnvironment=A=unit "B=with blank" C=1\n#Environment=A=never\n',
      [`${folder}/a.service.d/20-b.conf`]: '[Service]\nEnvironment="A=100%%" \\\n  D=2\n',
      '/etc/systemd/system/a.service.d/10-a.conf': '[Service]\nEnvironment=A=10\nEnvironmentFile=-/etc/default/a\n',
      '/etc/systemd/system/a.service.d/readme': '[Service]\nEnvironment=A=readme\n',
      '/etc/default/a': '# a\nC="from file"\n',
      '/etc/systemd/system/b.service': '[Service]\nEnvironment=A=1\nEnvironment=\nEnvironment=B=2\n',
      [`${folder}/b.service`]: '[Service]\nEnvironment=C=3\n',
      '/etc/systemd/system/gone.service.d/x.conf': '[Service]\nEnvironment=A=1\n',
    },
  });
  t.teardown(system.cleanUp);
  const of = async (unit: string) =>
    Object.fromEntries([...(await unitEnvironment(system, unit))].map(([name, { value }]) => [name, value]));
  t.strictSame(await of('a.service'), { A: '100%', B: 'with blank', C: 'from file', D: '2' });
  t.strictSame(await of('b.service'), { B: '2' }, 'the first file hides the other, an empty line forgets');
  t.strictSame(await of('gone.service'), {}, 'drop-ins of a unit that is not there');
});

t.test('what we write for systemd is read back as it was', async (t) => {
  t.equal(environmentLine('n', '100% "x\\'), 'Environment="n=100%% \\"x\\\\"', 'by systemd.syntax(7)');
  for (const value of ['http://h:1', 'a,.b,*.c', '100%', 'a"b\\c d', '%h'])
    t.strictSame(environmentOf(environmentLine('n', value).slice('Environment='.length)), [['n', value]], value);
});
