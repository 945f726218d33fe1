import { UserError } from '../errors.ts';
import type { RunChange } from '../system/changes.ts';
import { anyThere, isThere } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { findAgentService } from '../system/waagent-unit.ts';
import { NOTHING, type Repair, run } from './repair.ts';

/** From the distribution alone: what comes straight from GitHub is updated by nobody. */
export const installed: Repair = {
  id: 'agent.install',
  check: 'agent.installed',
  title: "Install the VM agent from the distribution's repository",
  platforms: ['linux'],
  risk: 'Installs a package with what it needs, and starts it; undo does not remove it again.',
  safe: false,

  async plan(system) {
    const programs = ['/usr/sbin/waagent', '/usr/bin/waagent', '/usr/share/oem/bin/waagent'];
    if (await anyThere(system, programs)) return NOTHING;
    return { changes: [], runs: await installing(system), notes: [] };
  },
};

const ASK_MS = 20_000;

async function installing(system: System): Promise<readonly RunChange[]> {
  if (await isThere(system, '/usr/bin/apt-get')) {
    for (const name of ['walinuxagent', 'waagent']) {
      const { exitCode, stdout } = await system.run(['apt-cache', 'policy', name], { timeoutMs: ASK_MS });
      if (exitCode === 0 && /Candidate: \d/.test(stdout)) return [run('apt-get', 'install', '--yes', name)];
    }
  }
  for (const [path, ...argv] of [
    ['/usr/bin/dnf', 'dnf', 'install', '--assumeyes', 'WALinuxAgent'],
    ['/usr/bin/tdnf', 'tdnf', 'install', '--assumeyes', 'WALinuxAgent'],
    ['/usr/bin/zypper', 'zypper', '--non-interactive', 'install', 'python-azure-agent'],
  ]) {
    if (path !== undefined && (await isThere(system, path))) return [run(...argv)];
  }
  throw new UserError('repair.no-package', 'no repository of this machine has the VM agent', {
    remedy: "Add the distribution's own repository that has it (Ubuntu: universe; RHEL: BaseOS), then run this again.",
  });
}

/** A unit that somebody has switched off starts neither here nor on the restored machine. */
export const enabled: Repair = {
  id: 'agent.enable',
  check: 'agent.running',
  title: 'Start the VM agent now, and at every boot',
  platforms: ['linux'],
  risk: 'Somebody may have switched it off on purpose; undo does not switch it off again.',
  safe: false,

  async plan(system, { facts }) {
    if (!facts.systemd) return NOTHING;
    const service = await findAgentService(system, facts);
    if (service?.kind !== 'systemd') return NOTHING;
    const { name, enabled, active } = service;
    const masked = enabled === 'masked';
    if (!masked && enabled !== 'disabled' && (active === undefined || active === 'active')) return NOTHING;
    const runs = [...(masked ? [run('systemctl', 'unmask', name)] : []), run('systemctl', 'enable', '--now', name)];
    return { changes: [], runs, notes: [] };
  },
};
