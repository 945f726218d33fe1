/** What keeps a restored Windows from being reached: mended by its repair alone, and put back value by value. */
import t, { type Test } from 'tap';
import { allChecks } from '../../../agent/checks/all.ts';
import { runChecks } from '../../../agent/checks/run.ts';
import { repairsOf } from '../../../agent/repair/all.ts';
import { carryOutRepair, planRepair, settleRepairs } from '../../../agent/repair/change.ts';
import { readRecord, writeRecord } from '../../../agent/system/change-record.ts';
import type { RegistryValue } from '../../../agent/system/registry.ts';
import type { System } from '../../../agent/system/system.ts';
import type { FakeRegistry } from '../../fakes/registry.ts';
import { changedWindows, type WindowsChange } from '../checks/windows-fault.ts';
import {
  binary,
  CONTROL,
  disabled,
  dword,
  EMS,
  FIREWALL,
  RDP,
  RDP_RULE,
  SERVICES_KEY,
  sz,
  WINDOWS_FACTS,
} from '../checks/windows-machine.ts';

const repairs = repairsOf('windows');
const UNDO = { do: 'undo', force: false } as const;
const doing = (...ids: readonly string[]) =>
  ({ do: 'repair', repairs: repairs.filter(({ id }) => ids.includes(id)) }) as const;
const FOLDER = 'C:\\ProgramData\\quiesced\\state/repair';

interface Fault {
  readonly id: string;
  readonly name: string;
  readonly plant: WindowsChange;
  /** Values that must differ afterwards; undefined is gone. */
  readonly mended: Readonly<Record<string, RegistryValue | undefined>>;
}

const start = (name: string) => `${SERVICES_KEY}\\${name}\\Start`;
const RULE = `${FIREWALL}\\FirewallRules\\RemoteDesktop-UserMode-In-TCP`;
const LISTENER = `${RDP}\\WinStations\\RDP-Tcp`;
const SAN = `${SERVICES_KEY}\\partmgr\\Parameters\\SanPolicy`;
const CERTIFICATE = `${LISTENER}\\SSLCertificateSHA1Hash`;
const OVERRIDE = `${SERVICES_KEY}\\vmbus\\StartOverride\\0`;
const UNIVERSAL = `${CONTROL}\\TimeZoneInformation\\RealTimeIsUniversal`;
const off = (rule: string) => rule.replace('Active=TRUE', 'Active=FALSE');

const FAULTS: readonly Fault[] = [
  {
    id: 'win.boot-drivers',
    name: 'drivers that are not started at boot, each in its way',
    plant: { registry: { [start('storvsc')]: dword(3), [start('atapi')]: dword(4), [OVERRIDE]: dword(3) } },
    mended: { [start('storvsc')]: dword(0), [start('atapi')]: dword(0), [OVERRIDE]: undefined },
  },
  {
    id: 'win.san-policy',
    name: 'disks that stay offline',
    plant: { registry: { [SAN]: dword(2) } },
    mended: { [SAN]: dword(1) },
  },
  {
    id: 'win.san-policy',
    name: 'a policy that was never set',
    plant: { registry: { [SAN]: undefined } },
    mended: { [SAN]: dword(1) },
  },
  {
    id: 'win.services',
    name: 'services that the network needs',
    plant: { services: { Dhcp: disabled, Netman: disabled } },
    mended: { [start('Dhcp')]: dword(2), [start('Netman')]: dword(3) },
  },
  {
    id: 'win.time',
    name: "the host's clock taken for local time, and nobody who keeps it",
    plant: { services: { W32Time: { ...disabled, start: 'manual' } }, registry: { [UNIVERSAL]: undefined } },
    mended: { [start('W32Time')]: dword(2), [UNIVERSAL]: dword(1) },
  },
  {
    id: 'win.rdp',
    name: 'everything that is wrong with Remote Desktop',
    plant: {
      services: { TermService: disabled },
      registry: {
        [`${RDP}\\fDenyTSConnections`]: undefined,
        [`${LISTENER}\\LanAdapter`]: dword(2),
        [`${LISTENER}\\UserAuthentication`]: dword(0),
        [CERTIFICATE]: binary('ab'.repeat(20)),
      },
    },
    mended: {
      [start('TermService')]: dword(3),
      [`${RDP}\\fDenyTSConnections`]: dword(0),
      [`${LISTENER}\\LanAdapter`]: dword(0),
      [`${LISTENER}\\UserAuthentication`]: dword(1),
      [CERTIFICATE]: undefined,
    },
  },
  {
    id: 'win.firewall',
    name: 'a group of rules that is off',
    plant: {
      registry: {
        [RULE]: sz(off(RDP_RULE)),
        [RULE.replace('TCP', 'UDP')]: sz(off(RDP_RULE).replace('Protocol=6', 'Protocol=17')),
        [RULE.replace('UserMode', 'Shadow')]: sz(off(RDP_RULE).replace('LPort=3389|', '')),
        [`${FIREWALL}\\FirewallRules\\Theirs`]: sz(off(RDP_RULE).replace(',-28752', ',-1')),
      },
    },
    mended: { [RULE]: sz(RDP_RULE), [RULE.replace('TCP', 'UDP')]: sz(RDP_RULE.replace('Protocol=6', 'Protocol=17')) },
  },
];

function windows(t: Pick<Test, 'teardown'>, plant: WindowsChange = {}) {
  const { system, cleanUp } = changedWindows(plant);
  t.teardown(cleanUp);
  return { system, values: (system.registry as FakeRegistry).values };
}

const partsOf = (system: System) => ({ system, facts: WINDOWS_FACTS, self: [], backupUnderWay: async () => undefined });

async function troubles(system: System): Promise<readonly string[]> {
  const checks = allChecks.filter(({ id }) => repairs.some(({ check }) => check === id));
  const findings = await runChecks(system, checks, { facts: WINDOWS_FACTS, restoringTo: 'azure' });
  return findings.filter(({ verdict }) => verdict !== 'pass').map(({ id }) => id);
}

t.test('in order, there is nothing to do', async (t) => {
  const { system } = windows(t);
  t.strictSame(await troubles(system), []);
  for (const repair of repairs)
    t.strictSame(await repair.plan(system, partsOf(system)), { changes: [], runs: [], notes: [] }, repair.id);
});

for (const { id, name, plant, mended } of FAULTS) {
  t.test(`${id}: ${name}`, async (t) => {
    const { system, values } = windows(t, plant);
    const parts = partsOf(system);
    const before = new Map(values);
    t.strictSame(await troubles(system), [id], 'found by exactly its check');
    for (const other of repairs.filter((each) => each.id !== id))
      t.strictSame((await other.plan(system, parts)).changes, [], `${other.id} leaves it alone`);
    const plan = await planRepair(parts, doing(id));
    t.strictSame(values, before, 'a plan touches nothing');
    t.strictSame(plan.notes, []);

    t.strictSame((await carryOutRepair(parts, doing(id))).steps, plan.steps, 'as planned');
    t.strictSame(await troubles(system), [], 'and the check finds nothing any more');
    const changed = new Map([...before, ...values].map(([path]) => [path, values.get(path)]));
    for (const [path, value] of before) if (changed.get(path) === value) changed.delete(path);
    const wanted = new Map(Object.entries(mended).map(([path, value]) => [path.toLowerCase(), value]));
    t.strictSame(changed, wanted, 'these values, and no other');
    t.strictSame((await carryOutRepair(parts, doing(id))).steps, [], 'a second time there is nothing to do');

    await carryOutRepair(parts, UNDO);
    t.strictSame(new Map([...values].sort()), new Map([...before].sort()), 'undone: every value is back');
  });
}

t.test('win.bcd: the serial console, by the program of Windows', async (t) => {
  const bcdedit = 'C:\\Windows\\System32\\bcdedit.exe';
  const { system } = windows(t, {
    registry: { [EMS]: undefined },
    programs: {
      [bcdedit]: async (argv) => {
        if (argv[1] === '/ems') await system.registry?.write(EMS, binary('01'));
        return { exitCode: 0 };
      },
    },
  });
  t.strictSame(await troubles(system), ['win.bcd'], 'found by exactly its check');
  const runs = async () => (await planned('win.bcd', system)).runs;
  t.match(await runs(), [
    { argv: [bcdedit, '/emssettings', 'EMSPORT:1', 'EMSBAUDRATE:115200'] },
    { argv: [bcdedit, '/ems', '{b}', 'on'] },
  ]);
  for (const { argv, timeoutMs } of await runs()) await system.run(argv, { timeoutMs });
  t.strictSame(await troubles(system), [], 'and the check finds nothing any more');
  t.strictSame(await runs(), []);
});

t.test('what is not ours to mend is told', async (t) => {
  const told = async (id: string, plant: WindowsChange) => {
    const { system } = windows(t, plant);
    const { changes, notes } = await planned(id, system);
    return { changes: changes.length, notes: notes.map(({ message }) => message).join(' ') };
  };
  const policy = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows NT\\Terminal Services\\fDenyTSConnections';
  t.match(await told('win.rdp', { registry: { [policy]: dword(1) } }), { changes: 0, notes: /^A policy/ });
  const port = { [`${LISTENER}\\PortNumber`]: dword(3390) };
  t.match(await told('win.rdp', { registry: port }), { changes: 0, notes: /port 3390, which is left/ });
  t.match(await told('win.firewall', { registry: port }), { changes: 0, notes: /^No rule .* port 3390 \(Domain, Pri/ });
  const blocking = sz(RDP_RULE.replace('Allow', 'Block').replace('Profile=Domain|Profile=Private|', ''));
  const blocked = { registry: { [`${FIREWALL}\\FirewallRules\\Block`]: blocking } };
  t.match(await told('win.firewall', blocked), { changes: 0, notes: /^A rule blocks port 3389 \(Public\)/ });
  t.match(await told('win.boot-drivers', { registry: { [start('vmbus')]: undefined } }), {
    changes: 0,
    notes: /had from here: vmbus$/,
  });
  const missing = { services: { Dhcp: undefined, TermService: undefined } };
  t.match(await told('win.services', missing), { changes: 0, notes: /Dhcp/ });
  t.match(await told('win.rdp', missing), { changes: 0, notes: /TermService is not installed/ });
});

const planned = async (id: string, system: System) => {
  const repair = repairs.find((each) => each.id === id);
  if (repair === undefined) throw new Error(`there is no repair ${id}`);
  return repair.plan(system, partsOf(system));
};

t.test(
  'cut off after any of its values, the next command takes it back; a value that cannot be set, too',
  async (t) => {
    const plant = Object.assign({}, ...FAULTS.map(({ plant }) => plant.registry));
    const all = doing(...repairs.map(({ id }) => id));
    const { steps } = await planRepair(partsOf(windows(t, { registry: plant }).system), all);
    t.ok(steps.length > 8, `${steps.length} values`);
    for (const [done, { path }] of steps.entries()) {
      const { system, values } = windows(t, { registry: plant });
      const before = new Map(values);
      const { registry } = system;
      if (registry === undefined) throw new Error('it has one');
      const denied = async (at: string) => {
        if (at === path) throw new Error('access denied');
      };
      const failing: System = {
        ...system,
        registry: {
          ...registry,
          write: async (at, value) => denied(at).then(() => registry.write(at, value)),
          remove: async (at) => denied(at).then(() => registry.remove(at)),
        },
      };
      await t.rejects(carryOutRepair(partsOf(failing), all), { code: 'change.failed', message: /access denied/ });
      t.strictSame(new Map([...values].sort()), new Map([...before].sort()), `${path}: nothing was changed`);

      await writeRecord(system, FOLDER, { schema: 1, underWay: { pid: 1, steps }, done: [], owed: [] });
      for (const { path: at, after } of steps.slice(0, done))
        await (after?.kind === 'value' ? registry.write(at, after.value) : registry.remove(at));
      t.match(await settleRepairs(partsOf(system), 'test'), [{ message: /has been taken back/ }]);
      t.strictSame(new Map([...values].sort()), new Map([...before].sort()), `${done} of them were done`);
      t.strictSame((await readRecord(system, FOLDER)).underWay, undefined);
    }
  },
);
