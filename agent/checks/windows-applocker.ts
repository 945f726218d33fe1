import { registryNumber, registryOf, registryText } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { fail, info, pass, type Result } from './check.ts';
import { servicesOf } from './windows-services.ts';

/** Rules of AppLocker about one kind of file. */
export interface RuleCollection {
  /** `Exe`, `Msi` or `Script`. */
  readonly kind: string;
  readonly rules: readonly Rule[];
}

export interface Rule {
  readonly by: 'path' | 'publisher' | 'hash';
  readonly action: string;
  readonly sid: string;
  /** Of a rule by path. */
  readonly paths: readonly string[];
}

const POLICY = 'HKLM\\SOFTWARE\\Policies\\Microsoft\\Windows\\SrpV2';
/** Extensions are started as scripts and programs, and bring installers. */
const KINDS = ['Exe', 'Msi', 'Script'] as const;
/** Without a word about it rules are enforced too: "Understand AppLocker enforcement settings" of Microsoft's manual. */
const ENFORCED = [1, undefined];

/** Whether LocalSystem may run what the VM agent unpacks; part of `os.security`. */
export async function judgeAppLocker(system: System): Promise<Result> {
  const { AppIDSvc: service } = await servicesOf(system, ['AppIDSvc']);
  const collections = await Promise.all(KINDS.map((kind) => enforcedRules(system, kind)));
  return judgeCollections(collections.flat(), service?.state === 'running');
}

async function enforcedRules(system: System, kind: string): Promise<readonly RuleCollection[]> {
  const key = `${POLICY}\\${kind}`;
  if (!ENFORCED.includes(await registryNumber(system, `${key}\\EnforcementMode`))) return [];
  const ids = await registryOf(system).keys(key);
  // A collection without a rule lets everything run.
  if (ids.length === 0) return [];
  const texts = await Promise.all(ids.map((id) => registryText(system, `${key}\\${id}\\Value`)));
  return [{ kind, rules: texts.flatMap((text) => parseRule(text ?? '') ?? []) }];
}

const KIND_OF = { FilePathRule: 'path', FilePublisherRule: 'publisher', FileHashRule: 'hash' } as const;

/** One rule, as the policy keeps it: an element of the XML that Get-AppLockerPolicy shows. */
export function parseRule(xml: string): Rule | undefined {
  const [, element, attributes = ''] = /^\s*<(FilePathRule|FilePublisherRule|FileHashRule)\s([^>]*)>/.exec(xml) ?? [];
  if (element === undefined) return undefined;
  const attribute = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? '';
  const conditions = xml.split('<Exceptions>', 1)[0] ?? '';
  return {
    by: KIND_OF[element as keyof typeof KIND_OF],
    action: attribute('Action'),
    sid: attribute('UserOrGroupSid'),
    paths: [...conditions.matchAll(/<FilePathCondition\s+Path="([^"]*)"/g)].map(([, path]) => path ?? ''),
  };
}

/** LocalSystem, and whom it belongs to: Everyone, Authenticated Users, Administrators. */
const CONCERNS_SYSTEM = ['S-1-5-18', 'S-1-1-0', 'S-1-5-11', 'S-1-5-32-544'];
const PLUGINS = '%osdrive%\\packages\\plugins\\*';

const EXTENSION = '%osdrive%\\packages\\plugins\\microsoft.azure.recoveryservices.vmsnapshot';

const normal = (path: string): string => path.toLowerCase().replace(/^c:/, '%osdrive%');
const covers = (path: string): boolean => {
  const told = normal(path);
  return told.endsWith('*') && PLUGINS.startsWith(told.slice(0, -1));
};
/** Also one that is about nothing else than the extension, or a part of it. */
const concerns = (path: string): boolean => covers(path) || normal(path).startsWith(EXTENSION);

export function judgeCollections(collections: readonly RuleCollection[], enforcing: boolean): Result {
  if (collections.length === 0) return pass('AppLocker enforces nothing');
  if (!enforcing) return pass('rules of AppLocker are there, but its service does not run');
  const names = collections.map(({ kind }) => kind).join(', ');
  const [denied, unknown] = [[], []] as [string[], string[]];
  for (const { kind, rules } of collections) {
    const concerned = rules.filter(({ sid }) => CONCERNS_SYSTEM.includes(sid));
    const byPath = (action: string, about: (path: string) => boolean) =>
      concerned.some((rule) => rule.action === action && rule.by === 'path' && rule.paths.some(about));
    const barred = byPath('Deny', concerns);
    if (byPath('Allow', covers) && !barred) continue;
    const maybe = !barred && concerned.some(({ action, by }) => action === 'Allow' && by !== 'path');
    (maybe ? unknown : denied).push(kind);
  }
  if (denied.length > 0) {
    return fail(
      `AppLocker (${denied.join(', ')}) lets LocalSystem run nothing in C:\\Packages\\Plugins, where the backup extension is`,
      'Allow it by path, for SYSTEM, in the policy that applies here:\n%OSDRIVE%\\Packages\\Plugins\\*',
    );
  }
  if (unknown.length === 0) return pass(`AppLocker (${names}) lets the extensions run`);
  return info(
    `AppLocker (${unknown.join(', ')}) lets LocalSystem run programs in C:\\Packages\\Plugins by their publisher or hash only`,
    'See whether the extension is among them:\n$ powershell "Get-AppLockerPolicy -Effective | Test-AppLockerPolicy -User SYSTEM -Path (Get-ChildItem C:\\Packages\\Plugins -Recurse -Filter *.exe).FullName"',
  );
}
