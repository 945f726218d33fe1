import { gatherWindowsFirewall } from '../boot/windows-firewall.ts';
import type { System } from '../system/system.ts';
import { onAzure } from './azure.ts';
import { type Check, type CheckContext, fail, info, pass, type Result, skip } from './check.ts';
import { AZURE_HOST, SOURCES } from './limits.ts';
import type { HostProbe } from './network-host.ts';
import { parseIptables } from './network-iptables.ts';
import { parseNft } from './network-nft.ts';
import { defaultDevice } from './network-route.ts';
import { type Fate, fateOf, type Packet, type Table } from './network-rules.ts';
import { judgeWindowsFirewall } from './windows-firewall.ts';

/** The packet filter, as the programs that are here tell it. */
export interface FirewallSigns {
  /** Undefined when no program could tell. */
  readonly tables: readonly Table[] | undefined;
  readonly device: string | undefined;
}

const QUERY_MS = 3000;

/** A rule that is found here explains why the host does not answer, and can be undone from here. */
export const hostIsNotFirewalled = (probes: readonly HostProbe[]): Check => ({
  id: 'net.firewall',
  group: 'network',
  title: 'No rule of this machine stops packets to the host',
  needsRoot: true,
  timeoutMs: 2 * AZURE_HOST.timeoutMs,
  source: `${AZURE_HOST.source}; ${SOURCES.agentReadme}`,
  async run(system, context) {
    if (!onAzure(context.facts)) return skip('not on Azure');
    if (!system.live) return skip('only a running machine has a packet filter');
    const result =
      system.platform === 'windows'
        ? judgeWindowsFirewall(await gatherWindowsFirewall(system))
        : judgeFirewall(await gatherFirewall(system, context));
    return result.verdict === 'fail' && (await allAnswer(probes, context)) ? contradicted(result) : result;
  },
});

async function gatherFirewall(system: System, { evidence }: CheckContext): Promise<FirewallSigns> {
  const output = async (argv: readonly string[]) => {
    const { exitCode, stdout } = await system.run(argv, { timeoutMs: QUERY_MS });
    return exitCode === 0 ? stdout : undefined;
  };
  const [nft, iptables, legacy, device] = await Promise.all([
    output(['nft', '-j', 'list', 'ruleset']),
    output(['iptables-save']),
    hasLegacyTables(system).then((has) => (has ? output(['iptables-legacy-save']) : undefined)),
    evidence(defaultDevice),
  ]);
  const told = [
    nft === undefined ? undefined : parseNft(nft),
    ...[iptables, legacy].map((text) => (text === undefined ? undefined : parseIptables(text))),
  ].filter((tables) => tables !== undefined);
  return { tables: told.length === 0 ? undefined : told.flat(), device };
}

/** Where both back ends of iptables are installed, `iptables-save` tells one, and the kernel may filter by both. */
const hasLegacyTables = async (system: System): Promise<boolean> =>
  ((await system.readText('/proc/net/ip_tables_names')) ?? '').trim() !== '';

/** Judges what the agent would meet: it works as root. What others may is shown for what it is, the agent's own rule. */
export function judgeFirewall({ tables, device }: FirewallSigns): Result {
  if (tables === undefined) return skip('neither nft nor iptables tells its rules');
  const packet = (port: number, uid: number): Packet => ({ address: AZURE_HOST.address, port, uid, device });
  const ports = [AZURE_HOST.port, AZURE_HOST.hostGaPort];
  const met = ports.map((port) => ({ port, fate: fateOf(tables, packet(port, ROOT)) }));
  const stopped = met.flatMap(({ port, fate }) => (fate.fate === 'stopped' ? [{ port, fate }] : []));
  if (stopped[0] !== undefined) {
    return fail(
      `${places(stopped.map(({ port }) => port))} is cut off by a rule of this machine, ${tellRule(stopped[0].fate)}`,
      remedyFor(stopped[0].fate),
    );
  }
  const doubtful = met.flatMap(({ port, fate }) => (fate.fate === 'perhaps' ? [{ port, fate }] : []));
  if (doubtful[0] !== undefined) {
    return info(
      `${places(doubtful.map(({ port }) => port))} may be cut off by a rule of this machine, ${tellRule(doubtful[0].fate)}, which hangs on more than can be seen here`,
      'It matters if net.wireserver80 or net.hostga32526 fails.',
    );
  }
  const forOthers = ports.some((port) => fateOf(tables, packet(port, ANYBODY)).fate === 'stopped');
  return pass(forOthers ? "open to root alone, by the VM agent's own rule" : 'none does');
}

const ROOT = 0;
/** The first user of most distributions. */
const ANYBODY = 1000;

type Met = Exclude<Fate, { fate: 'passes' }>;

const places = (ports: readonly number[]): string => ports.map((port) => `${AZURE_HOST.address}:${port}`).join(' and ');

const tellRule = ({ table, rule }: Met): string => `table ${table.name}: ${rule}`;

/** Before all others in the chain that the packet left through: what is accepted there is not asked again there. */
function remedyFor({ table, chain }: Met): string {
  const [look, mend] =
    table.tool === 'nft'
      ? [
          `nft -a list chain ${table.name} ${chain}`,
          `nft insert rule ${table.name} ${chain} ip daddr ${AZURE_HOST.address} meta skuid 0 accept`,
        ]
      : [
          `iptables -t ${table.name} -S ${chain}`,
          `iptables -w -t ${table.name} -I ${chain} 1 -d ${AZURE_HOST.address} -p tcp -m owner --uid-owner 0 -j ACCEPT`,
        ];
  return `Let root reach the host, now, and for good where your firewall has its configuration:\n$ ${look}\n$ ${mend}`;
}

async function allAnswer(probes: readonly HostProbe[], { evidence }: CheckContext): Promise<boolean> {
  const results = await Promise.all(probes.map((probe) => evidence(probe)));
  return results.every(({ outcome }) => outcome === 'answered');
}

/** A packet that came through proves more than our reading of rules. */
const contradicted = ({ detail, remedy }: Result): Result =>
  info(`the host answers, although it looks as if ${detail}`, remedy);
