import { anyThere, isThere, readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';
import { restoreLimit } from './azure.ts';
import { type Check, info, pass, type Result, skip } from './check.ts';
import { SOURCES } from './limits.ts';

/** Who takes what Azure tells a machine at its first start: name, keys, network. */
export interface ProvisioningSigns {
  /** Of cloud-init: `undefined` when there is none, or it names none and so finds out by itself. */
  readonly sources: string | undefined;
  readonly cloudInit: boolean;
  readonly agent: boolean;
}

export const somebodyProvisions: Check = {
  id: 'agent.provisioning',
  group: 'restore',
  title: 'A new machine made of this disk would be set up',
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system, context) {
    return restoreLimit(context, judgeProvisioning(await gatherProvisioning(system)));
  },
};

async function gatherProvisioning(system: System): Promise<ProvisioningSigns> {
  const names = await readableList(system, '/etc/cloud/cloud.cfg.d');
  const paths = ['/etc/cloud/cloud.cfg', ...names.map((name) => `/etc/cloud/cloud.cfg.d/${name}`)];
  const texts = await Promise.all(
    paths.filter((path) => path.endsWith('.cfg')).map((path) => readableText(system, path)),
  );
  return {
    sources: texts.flatMap((text) => datasourcesOf(text ?? '') ?? []).at(-1),
    cloudInit: await isThere(system, '/etc/cloud/cloud.cfg'),
    agent: await anyThere(system, ['/etc/waagent.conf', '/usr/share/oem/waagent.conf']),
  };
}

/** `datasource_list: [ Azure, None ]`, or a list below it; the last file that has one counts. */
export function datasourcesOf(text: string): string | undefined {
  const [, inline, block] = /^datasource_list:[ \t]*(?:\[([^\]\n]*)\]|((?:\n[ \t]*- .*)+))/m.exec(text) ?? [];
  const listed = block?.trim().split('\n');
  return inline?.trim() ?? listed?.map((line) => line.replace(/^[ \t]*- /, '').trim()).join(' ');
}

export function judgeProvisioning({ sources, cloudInit, agent }: ProvisioningSigns): Result {
  if (cloudInit && (sources === undefined || /\bAzure\b/.test(sources))) return pass('by cloud-init');
  if (agent && !cloudInit) return pass('by the VM agent');
  const why = cloudInit ? `cloud-init looks for ${sources} only` : 'neither cloud-init nor the VM agent is here';
  return info(
    `${why}: a restored machine keeps its name, users and keys as they are, and takes no new ones from Azure`,
    cloudInit ? 'Add Azure to datasource_list in /etc/cloud/cloud.cfg.d, if that matters to you.' : undefined,
  );
}

const DAEMONS = ['/usr/sbin/hv_kvp_daemon', '/usr/bin/hv_kvp_daemon', '/usr/lib/hyper-v/bin/hv_kvp_daemon'];

/** What tells the host the name and addresses of its guest. That hv_vss_daemon freezes too, `other.freezers` finds. */
export const daemonsOfHyperV: Check = {
  id: 'hv.daemons',
  group: 'restore',
  title: "Hyper-V's daemons are installed",
  platforms: ['linux'],
  offline: true,
  source: SOURCES.genericImage,
  async run(system, context) {
    const debian = (await readableList(system, '/usr/sbin')).some((name) => name.startsWith('hv_kvp_daemon'));
    return restoreLimit(context, judgeDaemons(debian || (await anyThere(system, DAEMONS))));
  },
};

export function judgeDaemons(installed: boolean): Result {
  if (installed) return pass('hv_kvp_daemon');
  return info(
    'hv_kvp_daemon is not installed: Azure does without, a Hyper-V host does not learn the addresses of this machine',
    '$ apt-get install hyperv-daemons || dnf install hyperv-daemons',
  );
}

/** An offer that has left the marketplace can be deployed by nobody, not even by a restore. */
export const noPlanToLose: Check = {
  id: 'restore.marketplace-plan',
  group: 'restore',
  title: 'The machine comes from no plan that may vanish',
  source: SOURCES.supportMatrix,
  async run(_system, { facts }) {
    const imds = facts.cloud?.imds;
    return imds === undefined ? skip("only Azure's host knows, and it was not asked") : judgePlan(imds.plan);
  },
};

export function judgePlan(plan: string | undefined): Result {
  if (plan === undefined) return pass('none');
  return info(
    `it was made from the plan ${plan} of the marketplace: when that is withdrawn, a restore as a new machine fails`,
    'Restore its disks then, and build the machine from them.',
  );
}
