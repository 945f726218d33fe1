import { messageOf } from '../errors.ts';
import { parseSecurity, type Security } from '../system/security-descriptor.ts';
import type { System } from '../system/system.ts';
import { pass, type Result, skip, warn } from './check.ts';
import { MACHINE_KEYS } from './limits.ts';
import { systemDrive } from './windows-agent.ts';

/** Where Windows keeps the private keys that belong to certificates of the machine. */
const FOLDER = 'ProgramData\\Microsoft\\Crypto\\RSA\\MachineKeys';
/** LocalSystem, which the agent runs as, belongs to the two groups of the default; a refusal to itself counts as well. */
const LOCAL_SYSTEM = 'S-1-5-18';

/** Part of `agent.certs`: whether the agent's key can be made there, and opened. */
export async function judgeKeyFolder(system: System): Promise<Result> {
  const folder = `${systemDrive(system)}\\${FOLDER}`;
  try {
    const bytes = await system.securityOf?.(folder);
    const security = bytes && parseSecurity(Buffer.from(bytes));
    return security === undefined ? skip(`who may use ${folder} cannot be told`) : judgeKeyAccess(security, folder);
  } catch (error) {
    return warn(`${messageOf(error)}: not even administrators have all rights there`, mend(folder, 'takeown'));
  }
}

/** What is granted beside the default does no harm to whoever needs the default. */
export function judgeKeyAccess({ entries }: Security, folder: string): Result {
  if (entries === undefined) return warn(`everybody may do everything with ${folder}`, mend(folder));
  const ofFolder = entries.filter(({ inheritOnly }) => !inheritOnly);
  const rightsOf = (who: string, kind: 'allow' | 'deny'): number =>
    ofFolder.filter((entry) => entry.kind === kind && entry.who === who).reduce((sum, { rights }) => sum | rights, 0);
  const lacking = MACHINE_KEYS.rights.filter(({ who, rights }) => (rightsOf(who, 'allow') & rights) !== rights);
  const refused = [...MACHINE_KEYS.rights, { who: LOCAL_SYSTEM, name: 'SYSTEM' }].filter(
    ({ who }) => rightsOf(who, 'deny') !== 0,
  );
  if (lacking.length + refused.length === 0) return pass('who may use its keys is as Windows has it');
  const told = [
    ...lacking.map(({ name }) => `${name} may do less`),
    ...refused.map(({ name }) => `${name} is refused something`),
  ];
  return warn(
    `the rights on ${folder}, where the agent's key is, are not those of Windows: ${told.join(', ')}. Protected settings may not be opened`,
    mend(folder),
  );
}

/** By numbers, since the names of groups are in the language of the system. */
function mend(folder: string, first?: 'takeown'): string {
  const everybody = MACHINE_KEYS.rights.map(({ who, icacls }) => `"*${who}:${icacls}"`).join(' ');
  return `Grant what Windows grants by itself, and have the agent ask for another certificate:${
    first === undefined ? '' : `\n$ takeown /F "${folder}" /A`
  }\n$ icacls "${folder}" /remove:d ${[...MACHINE_KEYS.rights.map(({ who }) => who), LOCAL_SYSTEM]
    .map((who) => `*${who}`)
    .join(' ')}\n$ icacls "${folder}" /grant ${everybody}\n$ net stop RdAgent\n$ net start RdAgent`;
}
