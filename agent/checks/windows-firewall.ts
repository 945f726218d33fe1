import { RDP_PORT, rdpPort } from '../boot/remote-desktop.ts';
import {
  type FirewallRule,
  gatherWindowsFirewall,
  holdsIn,
  isRule,
  isTcp,
  namesAddress,
  namesPort,
  profilesShutTo,
  type WindowsFirewall,
} from '../boot/windows-firewall.ts';
import { restoreLimit } from './azure.ts';
import { type Check, fail, pass, type Result, skip } from './check.ts';
import { AZURE_HOST, WINDOWS_IMAGE } from './limits.ts';

/** The agent runs as a service: a rule for some other program is none of its business. */
const concernsAgent = (rule: FirewallRule): boolean => {
  const [program] = rule.get('App') ?? [];
  return program === undefined ? !rule.has('Svc') && !rule.has('AppPkgId') : /WindowsAzure|WaAppAgent/i.test(program);
};

const toHost = (rule: FirewallRule): boolean =>
  isTcp(rule) &&
  concernsAgent(rule) &&
  namesAddress(rule, AZURE_HOST.address) &&
  [AZURE_HOST.port, AZURE_HOST.hostGaPort].some((port) => namesPort(rule, 'RPort', port));

const NO_SETTINGS = 'the registry has no settings of the Windows Firewall';
const nameOf = (rule: FirewallRule): string => rule.get('Name')?.[0] ?? 'a rule without a name';

/** Whether the VM agent reaches its host; part of `net.firewall`. */
export function judgeWindowsFirewall({ known, rules, on, closedOutwards }: WindowsFirewall): Result {
  if (!known) return skip(NO_SETTINGS);
  if (on.length === 0) return pass('the Windows Firewall is off');
  const out = rules.filter(toHost);
  const blocking = out.filter((rule) => isRule(rule, 'Block', 'Out') && on.some((profile) => holdsIn(rule, profile)));
  if (blocking.length > 0) {
    return fail(
      `the Windows Firewall keeps packets from ${AZURE_HOST.address}: ${blocking.map(nameOf).join(', ')}`,
      `Switch each off, by its name as wf.msc shows it:\n$ powershell "Get-NetFirewallRule -Direction Outbound -Action Block -Enabled True | Disable-NetFirewallRule -Confirm"`,
    );
  }
  const closed = closedOutwards.filter(
    (profile) => !out.some((rule) => isRule(rule, 'Allow', 'Out') && holdsIn(rule, profile)),
  );
  if (closed.length === 0) return pass('no rule does');
  return fail(
    `the Windows Firewall lets nothing out by itself (${closed.join(', ')}), and no rule allows ${AZURE_HOST.address}`,
    `$ netsh advfirewall firewall add rule name="Azure host" dir=out action=allow protocol=TCP remoteip=${AZURE_HOST.address} remoteport=${AZURE_HOST.port},${AZURE_HOST.hostGaPort}`,
  );
}

/** A restored machine's network is a new one, of any kind. */
export const remoteDesktopIsLetIn: Check = {
  id: 'win.firewall',
  group: 'restore',
  title: 'The Windows Firewall lets Remote Desktop in',
  platforms: ['windows'],
  source: WINDOWS_IMAGE.source,
  async run(system, context) {
    return restoreLimit(context, judgeRdpRules(await gatherWindowsFirewall(system), await rdpPort(system)));
  },
};

export function judgeRdpRules(firewall: WindowsFirewall, port: number): Result {
  const { known, on } = firewall;
  if (!known) return skip(NO_SETTINGS);
  const closed = on.filter((profile) => firewall.shut.includes(profile));
  if (closed.length > 0) {
    return fail(
      `the Windows Firewall lets nobody in at all (${closed.join(', ')}): it is told to allow no exceptions`,
      'Let rules count again:\n$ powershell Set-NetFirewallProfile -All -AllowInboundRules True',
    );
  }
  const { shut } = profilesShutTo(firewall, port);
  if (shut.length === 0) return pass(on.length === 0 ? 'the Windows Firewall is off' : `port ${port}`);
  return fail(
    `the Windows Firewall lets nobody in at port ${port} in networks of the kind ${shut.join(', ')}`,
    port === RDP_PORT
      ? 'Switch the group on, for the next start or at once:\n$ quiesced repair win.firewall\n$ netsh advfirewall firewall set rule group="@FirewallAPI.dll,-28752" new enable=yes'
      : `$ netsh advfirewall firewall add rule name="Remote Desktop" dir=in action=allow protocol=TCP localport=${port}`,
  );
}
