import { type PermissionListener, permissionListeners } from '../system/fanotify.ts';
import { runningProcesses } from '../system/processes.ts';
import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { type Check, pass, type Result, skip, warn } from './check.ts';
import { SOURCES } from './limits.ts';
import { judgeAppLocker } from './windows-applocker.ts';

/**
 * Who must permit every open may itself wait for a frozen file system: three forms of that deadlock, ended by a reset
 * of the machine only, stand in azure-linux-extensions#1868.
 */
export const noFileGate: Check = {
  id: 'os.fapolicyd',
  group: 'os',
  title: 'No program has to permit each file that is opened',
  platforms: ['linux'],
  source: 'https://github.com/Azure/azure-linux-extensions/issues/1868 (2025)',
  async run(system, { evidence }) {
    const listeners = await evidence(permissionListeners);
    const fapolicyd = (await evidence(runningProcesses)).filter(({ name }) => name === 'fapolicyd');
    const gates = [...listeners, ...fapolicyd.map(({ pid, name }) => ({ pid, command: name }))];
    if (gates.length === 0 && !system.privileged) return skip('needs root');
    return judgeGates(gates);
  },
};

export function judgeGates(gates: readonly PermissionListener[]): Result {
  const names = [...new Set(gates.map(({ command }) => command))];
  if (names.length === 0) return pass('none listens');
  const detail = `${names.join(', ')} may block while file systems are frozen, and every program that opens a file with it`;
  if (!names.includes('fapolicyd')) {
    return warn(
      detail,
      'Turn off its on-access scanning for the time of the backup, or let it log to a file system that is not frozen.',
    );
  }
  return warn(
    detail,
    'Stop it before the backup and start it after, from the pre and post script:\n$ systemctl stop fapolicyd\n$ systemctl start fapolicyd',
  );
}

const AUDIT_LOG = '/var/log/audit/audit.log';
/** Of the log's end: some thousand records, enough for the last hours and quick to read. */
const AUDIT_BYTES = 1024 * 1024;

/** The agent and its extensions need rights that a policy of one's own easily takes away. */
export const noDeniedAgent: Check = {
  id: 'os.security',
  group: 'os',
  title: 'SELinux or AppLocker lets the VM agent work',
  source: `https://github.com/MicrosoftDocs/azure-docs/issues/53568; ${SOURCES.troubleshoot}`,
  async run(system) {
    if (system.platform === 'windows') return judgeAppLocker(system);
    const enforcing = (await readableText(system, '/sys/fs/selinux/enforce'))?.trim();
    if (enforcing === undefined) return pass('there is no SELinux');
    if (enforcing !== '1') return pass('SELinux is permissive');
    if (!system.privileged) return skip('needs root');
    const audit = await auditTail(system);
    return audit === undefined ? skip('SELinux is enforcing, and there is no audit log to read') : judgeDenials(audit);
  },
};

async function auditTail(system: System): Promise<string | undefined> {
  const { exitCode, stdout } = await system.run(['tail', '-c', String(AUDIT_BYTES), system.resolve(AUDIT_LOG)], {
    timeoutMs: 3000,
  });
  return exitCode === 0 ? stdout : undefined;
}

export function judgeDenials(audit: string): Result {
  const denied = audit.split('\n').filter((line) => DENIAL.test(line) && AGENT.test(line));
  const last = denied.at(-1);
  if (last === undefined) return pass('enforcing, and nothing of the agent was denied lately');
  const [, right, program] = /denied +\{ ([^}]+) \}.*?comm="([^"]+)"/.exec(last) ?? [];
  return warn(
    `${denied.length} ${denied.length === 1 ? 'denial' : 'denials'} in the audit log, the last: ${program === undefined ? 'see there' : `${program} may not ${right}`}`,
    'See what was denied and why, then allow it in a policy module of your own:\n$ ausearch -m avc -ts today | grep -E "waagent|azure" | audit2why',
  );
}

const DENIAL = /^type=(USER_)?AVC\b.*\bdenied\b/;
const AGENT = /comm="waagent"|waagent_t|\/var\/lib\/waagent|\/var\/log\/azure|comm="quiesced"/;
