import { rdpPort } from '../boot/remote-desktop.ts';
import {
  gatherWindowsFirewall,
  holdsIn,
  namesPort,
  ownFirewallRules,
  parseFirewallRule,
  profilesShutTo,
  type StoredRule,
} from '../boot/windows-firewall.ts';
import type { FileChange } from '../system/changes.ts';
import type { Note } from '../system/transaction.ts';
import type { Repair } from './repair.ts';

/** Remote Desktop, whatever the language of Windows calls it. */
const GROUP = '@FirewallAPI.dll,-28752';

/**
 * Switches rules on that Windows brings; one of our own would stay behind unknown. In the registry, where the firewall
 * reads them when it starts: for a machine that is restored that is soon enough, and undo is exact.
 */
export const firewall: Repair = {
  id: 'win.firewall',
  check: 'win.firewall',
  title: 'Switch the rules of the Windows Firewall on that let Remote Desktop in',
  platforms: ['windows'],
  risk: 'From the next start on the port of Remote Desktop is open in networks of every kind that the rules name, public ones too.',
  safe: false,

  async plan(system) {
    const [found, own, port] = await Promise.all([
      gatherWindowsFirewall(system),
      ownFirewallRules(system),
      rdpPort(system),
    ]);
    const { shut, blocked } = profilesShutTo(found, port);
    const ofUse = own.filter(
      (stored) =>
        isOff(stored, port) && shut.some((profile) => !blocked.includes(profile) && holdsIn(stored.rule, profile)),
    );
    const changes = ofUse.map(({ path, text }): FileChange => {
      return { do: 'set-value', path, value: { type: 'sz', data: switchedOn(text) } };
    });
    const rules = [...found.rules, ...ofUse.flatMap(({ text }) => parseFirewallRule(switchedOn(text)) ?? [])];
    return { changes, runs: [], notes: notesOf(profilesShutTo({ ...found, rules }, port), port) };
  },
};

const isOff = ({ rule }: StoredRule, port: number): boolean =>
  rule.get('EmbedCtxt')?.[0] === GROUP &&
  rule.get('Active')?.[0]?.toUpperCase() === 'FALSE' &&
  rule.get('Action')?.[0] === 'Allow' &&
  rule.get('Dir')?.[0] === 'In' &&
  rule.has('LPort') &&
  namesPort(rule, 'LPort', port);

const switchedOn = (text: string): string => text.replace(/\|Active=FALSE\|/i, '|Active=TRUE|');

function notesOf({ shut, blocked }: ReturnType<typeof profilesShutTo>, port: number): readonly Note[] {
  const open = shut.filter((profile) => !blocked.includes(profile));
  return [
    ...(blocked.length === 0
      ? []
      : [
          {
            message: `A rule blocks port ${port} (${blocked.join(', ')}), and is left to whoever made it.`,
            remedy: 'See: powershell "Get-NetFirewallRule -Direction Inbound -Action Block -Enabled True"',
          },
        ]),
    ...(open.length === 0
      ? []
      : [
          {
            message: `No rule that Windows brings lets anybody in at port ${port} (${open.join(', ')}).`,
            remedy: `Make one: netsh advfirewall firewall add rule name="Remote Desktop" dir=in action=allow protocol=TCP localport=${port}`,
          },
        ]),
  ];
}
