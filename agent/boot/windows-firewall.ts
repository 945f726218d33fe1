import { registryNumber, registryOf, registryText, valuePath } from '../system/registry.ts';
import type { System } from '../system/system.ts';

/** A rule of the Windows Firewall: its fields by their names, each with all its values. */
export type FirewallRule = ReadonlyMap<string, readonly string[]>;

/** Networks are of one of these kinds, each with settings of its own; what rules call it, and where those stand. */
export const PROFILES = { Domain: 'DomainProfile', Private: 'StandardProfile', Public: 'PublicProfile' } as const;
export type Profile = keyof typeof PROFILES;

/** What the firewall goes by. */
export interface WindowsFirewall {
  /** Whether any of its settings is there: a Windows without them is none that we know. */
  readonly known: boolean;
  readonly rules: readonly FirewallRule[];
  /** Those in which it is on; a policy's word counts more than the machine's own. */
  readonly on: readonly Profile[];
  /** Of them, those that let nothing out but what a rule allows. */
  readonly closedOutwards: readonly Profile[];
  /** Those that let nothing in, whatever a rule allows. */
  readonly shut: readonly Profile[];
  /** Those that let in what no rule blocks. */
  readonly openInwards: readonly Profile[];
}

const LOCAL = 'HKLM\\SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy';
const POLICY = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\WindowsFirewall';
const ALLOW = 0;
const BLOCK = 1;

/** A rule where it stands, as it is written there. */
export interface StoredRule {
  readonly path: string;
  readonly text: string;
  readonly rule: FirewallRule;
}

/** Rules of the machine and of policies hold together. */
export async function gatherWindowsFirewall(system: System): Promise<WindowsFirewall> {
  const stored = (await Promise.all([LOCAL, POLICY].map((root) => rulesBelow(system, root)))).flat();
  const profiles = await Promise.all((Object.keys(PROFILES) as Profile[]).map((name) => profileOf(system, name)));
  return {
    known: profiles.some(({ enabled }) => enabled !== undefined),
    rules: stored.map(({ rule }) => rule),
    on: profiles.filter(({ on }) => on).map(({ name }) => name),
    closedOutwards: profiles.filter(({ on, outbound }) => on && outbound === BLOCK).map(({ name }) => name),
    shut: profiles.filter(({ on, noExceptions }) => on && noExceptions === 1).map(({ name }) => name),
    openInwards: profiles.filter(({ on, inbound }) => on && inbound === ALLOW).map(({ name }) => name),
  };
}

/** Those of the machine itself, which a policy has no part in. */
export const ownFirewallRules = (system: System): Promise<readonly StoredRule[]> => rulesBelow(system, LOCAL);

async function rulesBelow(system: System, root: string): Promise<readonly StoredRule[]> {
  const key = `${root}\\FirewallRules`;
  const stored = (await registryOf(system).names(key)).map(async (name): Promise<readonly StoredRule[]> => {
    const path = valuePath(key, name);
    const text = (await registryText(system, path)) ?? '';
    const rule = parseFirewallRule(text);
    return rule === undefined ? [] : [{ path, text, rule }];
  });
  return (await Promise.all(stored)).flat();
}

async function profileOf(system: System, name: Profile) {
  const value = async (what: string): Promise<number | undefined> =>
    (await registryNumber(system, `${POLICY}\\${PROFILES[name].replace('Standard', 'Private')}\\${what}`)) ??
    registryNumber(system, `${LOCAL}\\${PROFILES[name]}\\${what}`);
  const [enabled, outbound, inbound, noExceptions] = await Promise.all([
    value('EnableFirewall'),
    value('DefaultOutboundAction'),
    value('DefaultInboundAction'),
    value('DoNotAllowExceptions'),
  ]);
  return { name, enabled, on: enabled === 1, outbound, inbound, noExceptions };
}

/** `v2.30|Action=Allow|Active=TRUE|Dir=In|Protocol=6|LPort=3389|…|`: [MS-GPFAS], "Firewall Rule and Syntax". */
export function parseFirewallRule(text: string): FirewallRule | undefined {
  const [version, ...fields] = text.split('|');
  if (!/^v\d+\.\d+$/.test(version ?? '')) return undefined;
  const rule = new Map<string, string[]>();
  for (const field of fields) {
    const at = field.indexOf('=');
    if (at <= 0) continue;
    const name = field.slice(0, at);
    const values = rule.get(name);
    if (values === undefined) rule.set(name, [field.slice(at + 1)]);
    else values.push(field.slice(at + 1));
  }
  return rule;
}

/** Remote Desktop is a service of svchost.exe; of rules without a port only those count that are about every program. */
const concernsRdp = (rule: FirewallRule): boolean => {
  const [[program] = [], [service] = []] = [rule.get('App'), rule.get('Svc')];
  if (rule.has('AppPkgId') || rule.has('LUOwn')) return false;
  if (program === undefined && service === undefined) return true;
  const isItself = program === undefined || /(^|\\)svchost\.exe$/i.test(program);
  return isItself && (service === undefined ? rule.has('LPort') : /^(termservice|\*)$/i.test(service));
};

/** `RA4`, `RA6`, and newer ones of their kind. */
const isForSomeAddresses = (rule: FirewallRule): boolean => [...rule.keys()].some((name) => /^RA\d/.test(name));

/** In which kinds of network nobody gets in at the port of Remote Desktop, and in which of them because a rule says so. */
export function profilesShutTo(
  { rules, on, openInwards }: Pick<WindowsFirewall, 'rules' | 'on' | 'openInwards'>,
  port: number,
): { readonly shut: readonly Profile[]; readonly blocked: readonly Profile[] } {
  const to = rules.filter((rule) => isTcp(rule) && namesPort(rule, 'LPort', port) && concernsRdp(rule));
  const isBlocked = (profile: Profile) =>
    to.some((rule) => isRule(rule, 'Block', 'In') && holdsIn(rule, profile) && !isForSomeAddresses(rule));
  const isAllowed = (profile: Profile) =>
    openInwards.includes(profile) || to.some((rule) => isRule(rule, 'Allow', 'In') && holdsIn(rule, profile));
  const blocked = on.filter(isBlocked);
  return { shut: on.filter((profile) => blocked.includes(profile) || !isAllowed(profile)), blocked };
}

/** Active ones alone count. */
export const isRule = (rule: FirewallRule, action: 'Allow' | 'Block', direction: 'In' | 'Out'): boolean =>
  rule.get('Active')?.[0]?.toUpperCase() === 'TRUE' &&
  rule.get('Action')?.[0] === action &&
  rule.get('Dir')?.[0] === direction;

/** Whether it holds for TCP. 256 is any protocol, as is none at all. */
export const isTcp = (rule: FirewallRule): boolean => {
  const [protocol = '256'] = rule.get('Protocol') ?? [];
  return protocol === '6' || protocol === '256';
};

export const holdsIn = (rule: FirewallRule, profile: Profile): boolean =>
  rule.get('Profile')?.includes(profile) ?? true;

/** Whether a field that may be left out names this port: `LPort=80`, `RPort2_10=30000-40000`. */
export function namesPort(rule: FirewallRule, side: 'LPort' | 'RPort', port: number): boolean {
  const told = [...rule].filter(([name]) => name === side || name === `${side}2_10`).flatMap(([, values]) => values);
  return told.length === 0 || told.some((range) => isWithin(range, port, Number));
}

/** The same of an IPv4 address on the other side: one, one with a mask, a range, or none. */
export function namesAddress(rule: FirewallRule, address: string): boolean {
  if (rule.has('RA6') && !rule.has('RA4')) return false;
  const told = rule.get('RA4') ?? [];
  return (
    told.length === 0 || told.some((range) => inSubnet(range, address) || isWithin(range, numberOf(address), numberOf))
  );
}

function isWithin(range: string, value: number, toNumber: (text: string) => number): boolean {
  const [from = '', to = from] = range.split('-');
  return toNumber(from) <= value && value <= toNumber(to);
}

const numberOf = (address: string): number =>
  /^\d+(\.\d+){3}$/.test(address) ? address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0) : Number.NaN;

/** `10.0.0.0/255.0.0.0`, `10.0.0.0/8`. */
function inSubnet(range: string, address: string): boolean {
  const [network = '', mask] = range.split('/');
  if (mask === undefined) return false;
  const size = mask.includes('.') ? 2 ** 32 - numberOf(mask) : 2 ** (32 - Number(mask));
  return Math.floor(numberOf(network) / size) === Math.floor(numberOf(address) / size);
}
