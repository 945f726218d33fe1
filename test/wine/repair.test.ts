/** What keeps a restored Windows from being reached, mended and put back in a real registry: Wine's. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { IDE_DRIVERS, OTHER_SERVICES, VITAL_DRIVERS, VITAL_SERVICES } from '../../agent/boot/windows-starts.ts';
import { WINE, type WineMachine, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

const SYSTEM = 'HKEY_LOCAL_MACHINE\\SYSTEM\\CurrentControlSet';
const SERVICES = `${SYSTEM}\\Services`;
const FIREWALL = `${SERVICES}\\SharedAccess\\Parameters\\FirewallPolicy`;
const RULE =
  'v2.22|Action=Allow|Active=FALSE|Dir=In|Protocol=6|LPort=3389|Name=@FirewallAPI.dll,-28775|EmbedCtxt=@FirewallAPI.dll,-28752|';
const number = (value: number) => `dword:${value.toString(16).padStart(8, '0')}`;

/** Each of them out of order. */
function plantFaults({ disk, wine }: WineMachine): void {
  const start = (value: number) => (name: string) => `[${SERVICES}\\${name}]\n"Start"=${number(value)}`;
  const lines = [
    'REGEDIT4',
    ...[...VITAL_DRIVERS, ...IDE_DRIVERS].map(start(3)),
    `[${SERVICES}\\storvsc\\StartOverride]\n"0"=${number(3)}`,
    ...[...VITAL_SERVICES, ...OTHER_SERVICES, 'TermService'].map(start(4)),
    `[${SERVICES}\\partmgr\\Parameters]\n"SanPolicy"=${number(2)}`,
    `[${SYSTEM}\\Control\\Terminal Server]\n"fDenyTSConnections"=${number(1)}`,
    ...['DomainProfile', 'StandardProfile', 'PublicProfile'].map(
      (profile) => `[${FIREWALL}\\${profile}]\n"EnableFirewall"=${number(1)}`,
    ),
    `[${FIREWALL}\\FirewallRules]\n"RemoteDesktop-UserMode-In-TCP"="${RULE}"`,
  ];
  writeFileSync(join(disk, 'faults.reg'), `${lines.join('\n\n')}\n`.replaceAll('\n', '\r\n'));
  const { code, err } = wine('regedit.exe', '/S', 'C:\\faults.reg');
  if (code !== 0) throw new Error(`regedit: ${code} ${err}`);
}

t.test('repairs on Windows', { skip, timeout: 280_000 }, async (t) => {
  const machine = await wineMachine(t);
  plantFaults(machine);
  const json = (...args: readonly string[]) => JSON.parse(machine.quiesced('repair', ...args, '--json').out);
  const ids = ['win.boot-drivers', 'win.san-policy', 'win.services', 'win.rdp', 'win.firewall'];

  const listed = json();
  t.strictSame(
    listed.repairs.map(({ id, needed }: { id: string; needed: boolean }) => `${id} ${needed}`),
    // Wine has no service of time to be mended, and no boot configuration.
    [...ids.slice(0, 3), 'win.time', 'win.bcd', ...ids.slice(3)].map((id) => `${id} ${id !== 'win.bcd'}`),
    'those of Windows, and no other',
  );
  t.match(machine.quiesced('repair', 'boot.fstab'), { code: 2, err: /there is no repair "boot\.fstab"/ });
  const planned = json('--dry-run', ...ids);
  // 5 starts of drivers and what overrides one, 1 policy, 9 services, 2 of Remote Desktop, 1 rule.
  t.equal(planned.files.length, 19);

  const safe = json('--all-safe');
  t.match(safe, { applied: true, after: [{ id: 'win.boot-drivers', verdict: 'pass' }] });
  t.equal(safe.files.length, 6);
  const others = json(...ids);
  t.strictSame(
    others.after.map(({ id, verdict }: { id: string; verdict: string }) => `${id} ${verdict}`).sort(),
    ids
      .slice(1)
      .map((id) => `${id} pass`)
      .sort(),
    'looked at again',
  );
  t.strictSame(json('--dry-run', ...ids).files, [], 'nothing is left to do');

  t.equal(machine.quiesced('repair', 'undo').code, 0);
  t.equal(machine.quiesced('repair', 'undo').code, 0);
  t.strictSame(json('--dry-run', ...ids).files, planned.files, 'undone, all of it is as it was');
});
