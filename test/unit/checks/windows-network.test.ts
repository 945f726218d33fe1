import t from 'tap';
import { judgeWindowsAddresses, judgeWindowsDhcp, windowsAdapters } from '../../../agent/checks/windows-network.ts';
import type { RegistryValue } from '../../../agent/system/registry.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { dword, multiSz, SERVICES_KEY, sz } from './windows-machine.ts';

const NOW = new Date('2026-11-22T12:00:00Z');
const DAY = 86_400;
const seconds = NOW.getTime() / 1000;

type Settings = Readonly<Record<string, RegistryValue>>;

const leased = (address: string, endsInSeconds: number, change: Settings = {}): Settings => ({
  EnableDHCP: dword(1),
  DhcpIPAddress: sz(address),
  Lease: dword(DAY),
  LeaseObtainedTime: dword(seconds + endsInSeconds - DAY),
  LeaseTerminatesTime: dword(seconds + endsInSeconds),
  ...change,
});
const fixed = (...addresses: readonly string[]): Settings => ({
  EnableDHCP: dword(0),
  IPAddress: multiSz(...addresses),
});
const GATEWAY: Settings = { DefaultGateway: multiSz('10.0.0.1') };

/** What is said of a Windows with these adapters, `{0}`, `{1}` …: of DHCP, and of several addresses. */
async function judged(...adapters: readonly Settings[]) {
  const values = adapters.flatMap((settings, at) =>
    Object.entries(settings).map(
      ([name, value]) => [`${SERVICES_KEY}\\Tcpip\\Parameters\\Interfaces\\{${at}}\\${name}`, value] as const,
    ),
  );
  const system = fakeSystem({ platform: 'windows', registry: Object.fromEntries(values) });
  const found = await windowsAdapters(system);
  system.cleanUp();
  const said = [judgeWindowsDhcp(found, NOW.getTime()), judgeWindowsAddresses(found, NOW.getTime())];
  return said.map(({ verdict, detail }) => `${verdict} ${detail}`);
}

const ROWS: readonly (readonly [string, readonly Settings[], dhcp: RegExp, addresses: RegExp])[] = [
  ['none', [], /^skip no adapter/, /^skip no adapter/],
  ['a lease', [leased('10.0.0.4', 60)], /^pass 10\.0\.0\.4$/, /^pass 10\.0\.0\.4$/],
  ['a lease that has ended', [leased('10.0.0.4', -1)], /^warn .*10\.0\.0\.4 on 2026-11-22\. Nobody/, /^skip/],
  ['one that nobody tells the end of', [{ DhcpIPAddress: sz('10.0.0.4') }], /^pass/, /^pass/],
  [
    "one of Azure's, whose end has gone round",
    [leased('10.0.0.4', -2 * DAY, { Lease: dword(0xffff_ffff), LeaseObtainedTime: dword(seconds - DAY) })],
    /^pass/,
    /^pass/,
  ],
  [
    'that of an adapter that has gone, beside one that is here',
    [leased('10.0.0.9', -DAY), leased('10.0.0.4', DAY)],
    /^pass 10\.0\.0\.4$/,
    /^pass 10\.0\.0\.4$/,
  ],
  [
    'the same beside a fixed address',
    [leased('10.0.0.9', -DAY), fixed('10.0.0.4')],
    /^warn a fixed address is set in Windows \(\{1\}\)/,
    /^pass 10\.0\.0\.4$/,
  ],
  ['one that waits for an address', [leased('0.0.0.0', DAY)], /^skip no adapter has an address/, /^skip/],
  [
    'two fixed ones',
    [fixed('10.0.0.4', '10.0.0.5')],
    /^warn a fixed/,
    /^info the adapter \{0\} has 2 .*4, 10\.0\.0\.5$/,
  ],
  ['the same one twice', [leased('10.0.0.4', DAY, { IPAddress: multiSz('10.0.0.4') })], /^pass/, /^pass 10\.0\.0\.4$/],
  [
    'several on an adapter that does not lead to the host',
    [{ ...fixed('10.1.0.4', '10.1.0.5') }, { ...leased('10.0.0.4', DAY), ...GATEWAY }],
    /^pass 10\.0\.0\.4$/,
    /^pass 10\.0\.0\.4$/,
  ],
  ['no gateway', [leased('10.0.0.4', DAY, { DefaultGateway: multiSz('0.0.0.0') })], /^pass/, /^pass/],
];

for (const [name, adapters, dhcp, addresses] of ROWS) {
  t.test(name, async (t) => t.match(await judged(...adapters), [dhcp, addresses]));
}
