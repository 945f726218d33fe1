import { HOST_ENDPOINTS } from '../reach/host.ts';
import type { Cloud } from '../system/facts.ts';
import type { System } from '../system/system.ts';
import { onAzure } from './azure.ts';
import { type Check, type CheckContext, fail, pass, type Result, skip, warn } from './check.ts';
import { AZURE_HOST, SOURCES } from './limits.ts';
import { type HostService, type ProbeResult, probe } from './network-probe.ts';

/** The two services of the host that the VM agent lives on. */
export interface HostServices {
  readonly wireServer: HostService;
  readonly hostGaPlugin: HostService;
}

const { timeoutMs } = AZURE_HOST;

/** Where they are on every machine of Azure. */
export const HOST_SERVICES: HostServices = {
  wireServer: { url: HOST_ENDPOINTS.wireServer.url, timeoutMs },
  hostGaPlugin: { url: HOST_ENDPOINTS.hostGaPlugin.url, timeoutMs },
};

/** A request that several checks judge: asked once per run, through `context.evidence`. */
export type HostProbe = (system: System) => Promise<ProbeResult>;

export const probeOf =
  (service: HostService): HostProbe =>
  (system) =>
    probe(system, service);

/** Beyond the probe's own deadline, so that the finding is ours and not the runner's. */
const afterProbe = (service: HostService): number => service.timeoutMs + 1000;

/** The VM agent gets everything it has to do from here. */
export const wireServerAnswers = (service: HostService, ask: HostProbe): Check => ({
  id: 'net.wireserver80',
  group: 'network',
  title: 'The WireServer of the host answers',
  // The VM agent lets nobody but root reach it (OS.EnableFirewall).
  needsRoot: true,
  dependsOn: ['net.firewall'],
  timeoutMs: afterProbe(service),
  source: AZURE_HOST.source,
  run: (system, context) => onHost(system, context, async () => judgeWireServer(await context.evidence(ask), service)),
});

/** The agent uploads its status and fetches extensions through this one. */
export const hostGaPluginAnswers = (service: HostService, ask: HostProbe): Check => ({
  id: 'net.hostga32526',
  group: 'network',
  title: 'The HostGAPlugin of the host answers',
  needsRoot: true,
  dependsOn: ['net.firewall'],
  timeoutMs: afterProbe(service),
  source: AZURE_HOST.source,
  run: (system, context) =>
    onHost(system, context, async () => judgeHostGaPlugin(await context.evidence(ask), service)),
});

/** No packet leaves a machine that is not Azure's, or whose disk is merely looked at. */
async function onHost(system: System, { facts }: CheckContext, ask: () => Promise<Result>): Promise<Result> {
  if (!onAzure(facts)) return skip('not on Azure');
  if (!system.live) return skip('only a running machine can ask its host');
  return ask();
}

export function judgeWireServer(result: ProbeResult, service: HostService): Result {
  if (result.outcome !== 'answered') return unanswered(result, service, 'the VM agent gets no work from Azure');
  // The real one lists its versions; anything else is a proxy or a portal that stands in its place.
  if (result.status === 200 && result.body.includes('<Versions')) return pass(`${hostOf(service)} answers`);
  return impostor(result.status, service);
}

export function judgeHostGaPlugin(result: ProbeResult, service: HostService): Result {
  if (result.outcome !== 'answered') {
    return unanswered(result, service, 'the VM agent cannot report its status but over the internet');
  }
  if (result.status === 200) return pass(`${hostOf(service)} answers`);
  return impostor(result.status, service);
}

function unanswered(
  result: Exclude<ProbeResult, { outcome: 'answered' }>,
  service: HostService,
  consequence: string,
): Result {
  if (result.outcome === 'not-asked') return skip(result.why);
  const host = hostOf(service);
  const what =
    result.outcome === 'silent'
      ? `${host} does not answer within ${service.timeoutMs / 1000} s`
      : `${host} refuses (${result.why})`;
  return fail(`${what}: ${consequence}`, remedyFor(service));
}

const impostor = (status: number, service: HostService): Result =>
  warn(
    `${hostOf(service)} answers with status ${status}, which is not Azure's answer: something stands between`,
    remedyFor(service),
  );

const remedyFor = ({ url }: HostService): string =>
  [
    'Its packets must leave by the first network adapter, past VPNs, proxies and appliances. See which way they take (on Windows: powershell Find-NetRoute -RemoteIPAddress), and what is said without a proxy:',
    `$ ip route get ${new URL(url).hostname}`,
    `$ curl --noproxy "*" --max-time 5 --include "${url}"`,
  ].join('\n');

const hostOf = ({ url }: HostService): string => {
  const { hostname, port } = new URL(url);
  return `${hostname}:${port || '80'}`;
};

/** The facts asked already, once for all checks. */
export const imdsAnswers: Check = {
  id: 'net.imds',
  group: 'network',
  title: 'The metadata service of the host answers',
  source: `${SOURCES.prepare}; ${AZURE_HOST.imdsSource}`,
  async run(_system, { facts }) {
    return judgeImds(facts.cloud);
  },
};

export function judgeImds(cloud: Cloud | undefined): Result {
  if (cloud === undefined) return skip('not on Azure');
  const { imds, imdsFault } = cloud;
  if (imds !== undefined) {
    const known = [imds.vmSize, imds.location].filter((word) => word !== undefined);
    return pass(known.join(', ') || 'answers');
  }
  if (imdsFault === undefined || /^not asked|^QUIESCED_TEST/.test(imdsFault)) return skip(imdsFault ?? 'not asked');
  return warn(
    `the metadata service does not answer (${imdsFault}): a backup does without it, but disks, size and security type of this machine cannot be judged`,
    'Ask it yourself, and keep 169.254.169.254 out of proxies and firewalls:\n$ curl --noproxy "*" --max-time 5 --header Metadata:true "http://169.254.169.254/metadata/instance?api-version=2021-02-01"',
  );
}
