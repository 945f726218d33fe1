/** Every machine of the fixtures, through every change: nothing of it may be lost, and nothing of ours may stay. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { changeProxy } from '../../../agent/proxy/change.ts';
import { consumersOf, readPlaces } from '../../../agent/proxy/effective.ts';
import { proxySettings } from '../../../agent/proxy/settings.ts';
import type { FakeSystem } from '../../fakes/system.ts';
import { filesOf, MACHINES, machineOf, partsOf, WANTED } from './machines.ts';

const APPLY = { do: 'apply', wanted: WANTED, packages: true } as const;
const OTHER = { ...APPLY, wanted: proxySettings('http://[fd00::8]:8080', [], 'test') };
const CLEAR = { do: 'clear' } as const;
const UNDO = { do: 'undo', force: false } as const;

async function throughAll(t: Test, system: FakeSystem): Promise<void> {
  const parts = partsOf(system);
  const before = filesOf(system);
  const change = await changeProxy(parts, APPLY, 'none');
  t.not(change.steps.length, 0, 'something was to be done');
  const after = filesOf(system);
  await everybodyUsesIt(t, system);

  t.strictSame((await changeProxy(parts, APPLY, 'none')).steps, [], 'applied twice changes nothing');
  t.strictSame(filesOf(system), after);
  await changeProxy(parts, CLEAR, 'none');
  t.strictSame(filesOf(system), before, 'cleared: every byte is back');
  t.strictSame((await changeProxy(parts, CLEAR, 'none')).steps, [], 'cleared twice changes nothing');

  await changeProxy(parts, APPLY, 'none');
  await changeProxy(parts, OTHER, 'none');
  await changeProxy(parts, UNDO, 'none');
  t.strictSame(filesOf(system), after, 'undone: what stood before the last apply');
  await changeProxy(parts, UNDO, 'none');
  t.strictSame(filesOf(system), before, 'and what stood before the first');
  t.match(await changeProxy(parts, UNDO, 'none'), { steps: [], notes: [{ message: 'There is nothing to undo.' }] });
  t.equal(await system.list('/var/lib/quiesced/proxy'), undefined, 'nothing of ours stays');
}

async function everybodyUsesIt(t: Test, system: FakeSystem): Promise<void> {
  const places = await readPlaces(system);
  for (const { about, proxy, bypass } of consumersOf(places)) {
    t.equal(proxy, 'http://10.0.0.8:3128', about);
    t.strictSame(bypass, WANTED.bypass, `${about}: who is reached without it`);
  }
  for (const { id, values } of places.filter(({ id }) => ['apt', 'dnf', 'zypper'].includes(id))) {
    const named = values.filter(({ name }) => /^(Acquire::https?::Proxy|proxy|HTTPS?_PROXY)$/.test(name));
    t.not(named.length, 0, `${id} has it`);
    t.ok(
      named.every(({ value }) => value === 'http://10.0.0.8:3128'),
      `${id} has no other`,
    );
  }
}

for (const name of MACHINES) {
  t.test(name, async (t) => throughAll(t, machineOf(t, name)));
}

t.test('files of a megabyte each', async (t) => {
  const system = machineOf(t, 'already-set');
  const noise = Array.from({ length: 8_000 }, (_, index) => `Key${index}=${'x'.repeat(53)}\n`).join('');
  writeFileSync(join(system.root, 'etc/waagent.conf'), `${noise}HttpProxy.Host=old.example\n${noise}`);
  writeFileSync(join(system.root, 'etc/environment'), `${noise}http_proxy=http://old.example:1\n${noise}X=no end`);
  await throughAll(t, system);
});

t.test('a machine of nobody: no agent, no service, no package manager', async (t) => {
  const system = machineOf(t, 'debian-12');
  for (const path of ['etc/waagent.conf', 'lib/systemd/system/walinuxagent.service', 'etc/apt/apt.conf.d/70debconf'])
    await system.remove(`/${path}`);
  await system.removeDir('/etc/apt/apt.conf.d');
  const { steps } = await changeProxy(partsOf(system), APPLY, 'none');
  t.strictSame(
    steps.map(({ path }) => path),
    ['/etc/environment'],
  );
});
