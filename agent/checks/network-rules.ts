/**
 * What a packet filter does to one packet. Rules of nft and of iptables are read into one form, so that one walk judges
 * both.
 */

/** Undefined when it hangs on something that cannot be seen from here. */
export type Truth = boolean | undefined;

/** The first packet of a connection that leaves this machine. */
export interface Packet {
  readonly address: string;
  readonly port: number;
  /** Whose program sends it. */
  readonly uid: number;
  /** The network device it leaves by, where that is known. */
  readonly device: string | undefined;
}

export type Condition = (packet: Packet) => Truth;

export type Action =
  | { readonly do: 'accept' | 'drop' | 'return' | 'next' | 'unknown' }
  | { readonly do: 'jump' | 'goto'; readonly chain: string };

export interface Rule {
  /** What the reader finds it by. */
  readonly text: string;
  /** All of them must hold. */
  readonly conditions: readonly Condition[];
  readonly action: Action;
}

export interface Chain {
  readonly rules: readonly Rule[];
  /** Of a chain that packets leave through (output, postrouting): what happens at its end. */
  readonly policy: 'accept' | 'drop' | undefined;
}

export interface Table {
  readonly tool: 'nft' | 'iptables';
  /** As the tool wants it: `inet filter`, `security`. */
  readonly name: string;
  readonly chains: ReadonlyMap<string, Chain>;
}

/** What becomes of a packet, and by which rule of which chain if it does not simply pass. */
export type Fate =
  | { readonly fate: 'passes' }
  | { readonly fate: 'stopped' | 'perhaps'; readonly table: Table; readonly chain: string; readonly rule: string };

const PASSES: Fate = { fate: 'passes' };

/** Every table is asked: one that accepts a packet does not keep the next from dropping it. */
export function fateOf(tables: readonly Table[], packet: Packet): Fate {
  const fates = tables.flatMap((table) =>
    [...table.chains].flatMap(([name, { policy }]) => (policy === undefined ? [] : [fateIn(table, name, packet)])),
  );
  const by = (wanted: Fate['fate']) => fates.find(({ fate }) => fate === wanted);
  return by('stopped') ?? by('perhaps') ?? PASSES;
}

/** What one walk through a table has met. */
interface Walk {
  readonly table: Table;
  readonly packet: Packet;
  steps: number;
  /** A rule that may have let the packet go: what stops it later stops it only perhaps. */
  maybeAccepted: boolean;
  maybeDropped: string | undefined;
}

type End = { readonly end: 'accept' | 'through' } | { readonly end: 'drop'; readonly rule: string };

const THROUGH: End = { end: 'through' };
/** The kernel allows 16 in nftables; chains that call each other in a circle cannot be loaded, but can be read. */
const MAX_DEPTH = 64;
/** Enough for the longest list of a Kubernetes node, some tenths of a second here. */
const MAX_STEPS = 200_000;

function fateIn(table: Table, chain: string, packet: Packet): Fate {
  const walk: Walk = { table, packet, steps: 0, maybeAccepted: false, maybeDropped: undefined };
  const reached = walkChain(walk, chain, 0);
  const closed = reached.end === 'through' && table.chains.get(chain)?.policy === 'drop';
  const end: End = closed ? { end: 'drop', rule: `the policy of chain ${chain}` } : reached;
  if (end.end === 'drop') {
    return { fate: walk.maybeAccepted ? 'perhaps' : 'stopped', table, chain, rule: end.rule };
  }
  return walk.maybeDropped === undefined ? PASSES : { fate: 'perhaps', table, chain, rule: walk.maybeDropped };
}

function walkChain(walk: Walk, name: string, depth: number): End {
  const chain = walk.table.chains.get(name);
  if (chain === undefined || depth > MAX_DEPTH) {
    walk.maybeDropped ??= `chain ${name}, which cannot be followed`;
    return THROUGH;
  }
  for (const rule of chain.rules) {
    walk.steps += 1;
    if (walk.steps > MAX_STEPS) {
      walk.maybeDropped ??= 'more rules than can be followed';
      return THROUGH;
    }
    const truth = all(rule.conditions, walk.packet);
    if (truth === false) continue;
    const end = follow(walk, rule, depth);
    if (end === undefined) continue;
    if (truth === true) return end;
    if (end.end === 'drop') walk.maybeDropped ??= end.rule;
    else walk.maybeAccepted = true;
  }
  return THROUGH;
}

/** Where a rule that holds leads; undefined for: to the next rule. */
function follow(walk: Walk, { action, text }: Rule, depth: number): End | undefined {
  switch (action.do) {
    case 'accept':
      return { end: 'accept' };
    case 'drop':
      return { end: 'drop', rule: text };
    case 'return':
      return THROUGH;
    case 'goto':
      return walkChain(walk, action.chain, depth + 1);
    case 'jump': {
      const end = walkChain(walk, action.chain, depth + 1);
      return end.end === 'through' ? undefined : end;
    }
    case 'unknown':
      walk.maybeDropped ??= text;
      return undefined;
    case 'next':
      return undefined;
  }
}

function all(conditions: readonly Condition[], packet: Packet): Truth {
  let truth: Truth = true;
  for (const condition of conditions) {
    const holds = condition(packet);
    if (holds === false) return false;
    if (holds === undefined) truth = undefined;
  }
  return truth;
}

export const not = (truth: Truth): Truth => (truth === undefined ? undefined : !truth);

/** True if one is, false if all are. */
export const some = (truths: readonly Truth[]): Truth =>
  truths.includes(true) ? true : truths.includes(undefined) ? undefined : false;

/** A dotted address as a number; undefined for anything else. */
export function ipv4(text: string): number | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Whether an address lies in a network; undefined when one of the two is not of IPv4. */
export function inNetwork(address: string, network: string, bits: number): Truth {
  const [one, other] = [ipv4(address), ipv4(network)];
  if (one === undefined || other === undefined || !(bits >= 0 && bits <= 32)) return undefined;
  const size = 2 ** (32 - bits);
  return Math.floor(one / size) === Math.floor(other / size);
}
