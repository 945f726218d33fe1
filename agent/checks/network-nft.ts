import type { Table, Truth } from './network-rules.ts';
import {
  type Action,
  type Chain,
  type Condition,
  inNetwork,
  ipv4,
  not,
  type Packet,
  type Rule,
  some,
} from './network-rules.ts';

/**
 * Tables of `nft -j list ruleset` (libnftables-json(5)) that IPv4 packets meet; undefined when the text is no such
 * answer. A table with `xt` expressions belongs to iptables, whose own program tells what they mean: it is left out.
 */
export function parseNft(text: string): readonly Table[] | undefined {
  const objects = listOf(object(parseJson(text)).nftables);
  if (objects === undefined) return undefined;
  const of = (kind: string) => objects.flatMap((one) => (kind in object(one) ? [object(object(one)[kind])] : []));
  const all = of('rule');
  const rules = Map.groupBy(all, placeOf);
  const chains = Map.groupBy(of('chain'), tableOf);
  const others = new Set([
    ...all.filter((rule) => statements(rule).some((one) => 'xt' in one)).map(tableOf),
    // Switched off as a whole: `flags dormant`.
    ...of('table').flatMap((table) =>
      [table.flags].flat().includes('dormant') ? [`${word(table.family)} ${word(table.name)}`] : [],
    ),
  ]);
  const sets: Sets = new Map(
    [...of('set'), ...of('map')].map((set) => [`${tableOf(set)} ${word(set.name)}`, listOf(set.elem) ?? []]),
  );
  return [...chains]
    .filter(([name]) => /^(ip|inet) /.test(name) && !others.has(name))
    .map(([name, members]) => ({
      tool: 'nft' as const,
      name,
      chains: new Map(
        members.map((chain) => [word(chain.name), chainOf(chain, rules.get(placeAs(chain)) ?? [], sets)]),
      ),
    }));
}

type Json = Record<string, unknown>;
/** Elements of named sets and maps, by table and name. */
type Sets = ReadonlyMap<string, readonly unknown[]>;

const tableOf = ({ family, table }: Json): string => `${word(family)} ${word(table)}`;
const placeOf = (rule: Json): string => `${tableOf(rule)} ${word(rule.chain)}`;
const placeAs = (chain: Json): string => `${tableOf(chain)} ${word(chain.name)}`;
const statements = (rule: Json): readonly Json[] => (listOf(rule.expr) ?? []).map(object);

const HOOKS: readonly unknown[] = ['output', 'postrouting'];

const chainOf = (chain: Json, rules: readonly Json[], sets: Sets): Chain => ({
  rules: rules.flatMap((rule) => rulesOf(rule, sets)),
  policy: HOOKS.includes(chain.hook) ? (chain.policy === 'drop' ? 'drop' : 'accept') : undefined,
});

/** One, or one for each element of a verdict map. */
function rulesOf(rule: Json, sets: Sets): readonly Rule[] {
  const text = `${placeOf(rule)} handle ${word(rule.handle)}`;
  const lookUp = (name: string) => sets.get(`${tableOf(rule)} ${name}`);
  const conditions: Condition[] = [];
  for (const statement of statements(rule)) {
    const action = actionOf(statement);
    if (action !== undefined) return [{ text, conditions, action }];
    if ('vmap' in statement) {
      return [...verdictMap(object(statement.vmap), lookUp)].map(([condition, verdict]) => ({
        text,
        conditions: [...conditions, condition],
        action: verdict,
      }));
    }
    const condition = conditionOf(statement, lookUp);
    if (condition !== undefined) conditions.push(condition);
  }
  return [{ text, conditions, action: { do: 'next' } }];
}

function actionOf(statement: Json): Action | undefined {
  if ('accept' in statement) return { do: 'accept' };
  if ('drop' in statement || 'reject' in statement) return { do: 'drop' };
  if ('return' in statement) return { do: 'return' };
  if ('jump' in statement) return { do: 'jump', chain: word(object(statement.jump).target) };
  if ('goto' in statement) return { do: 'goto', chain: word(object(statement.goto).target) };
  if ('continue' in statement) return { do: 'next' };
  // A program outside the kernel decides.
  return 'queue' in statement ? { do: 'unknown' } : undefined;
}

type LookUp = (name: string) => readonly unknown[] | undefined;

function verdictMap({ key, data }: Json, lookUp: LookUp): readonly (readonly [Condition, Action])[] {
  const entries = isReference(data) ? lookUp(data.slice(1)) : listOf(object(data).set);
  if (entries === undefined) return [[() => undefined, { do: 'unknown' }]];
  return entries.flatMap((entry) => {
    const [value, verdict] = listOf(entry) ?? [];
    const action = actionOf(object(verdict));
    return action === undefined ? [] : [[compare({ op: '==', left: key, right: value }, lookUp), action] as const];
  });
}

/** Statements that change or count a packet and let it go on. */
const NO_CONDITION = ['counter', 'log', 'mangle', 'comment', 'notrack', 'set', 'ct helper', 'secmark', 'snat', 'dnat'];

/** Undefined for a statement that is no condition; one that is not known here may or may not hold. */
function conditionOf(statement: Json, lookUp: LookUp): Condition | undefined {
  if ('match' in statement) return compare(object(statement.match), lookUp);
  return NO_CONDITION.some((name) => name in statement) ? undefined : () => undefined;
}

const compare =
  ({ op, left, right }: Json, lookUp: LookUp): Condition =>
  (packet) => {
    const field = fieldOf(object(left), packet);
    if (field === 'never') return false;
    if (field === undefined) return undefined;
    const wanted = isReference(right) ? lookUp(right.slice(1)) : right;
    if (wanted === undefined) return undefined;
    if (op === '==' || op === 'in') return within(field, wanted, 0);
    return op === '!=' ? not(within(field, wanted, 0)) : ordered(field, op, wanted);
  };

/** What a packet has where an expression looks. */
interface Field {
  readonly kind: 'address' | 'number' | 'word';
  readonly value: string | number;
}

/** `never`: of another protocol than our packet, so that the whole rule is about others. */
function fieldOf(left: Json, { address, port, uid, device }: Packet): Field | 'never' | undefined {
  const { protocol, field } = object(left.payload);
  if (protocol === 'ip' && field === 'daddr') return { kind: 'address', value: address };
  if (protocol === 'ip' && field === 'protocol') return { kind: 'word', value: 'tcp' };
  if (protocol === 'tcp' || protocol === 'th') return field === 'dport' ? { kind: 'number', value: port } : undefined;
  if (protocol !== undefined) return protocol === 'ip' || protocol === 'ether' ? undefined : 'never';
  if (object(left.ct).key === 'state') return { kind: 'word', value: 'new' };
  const { key } = object(left.meta);
  if (key === 'skuid') return { kind: 'number', value: uid };
  if ((key === 'oifname' || key === 'oif') && device !== undefined) return { kind: 'word', value: device };
  return META.get(key);
}

const META: ReadonlyMap<unknown, Field> = new Map([
  ['l4proto', { kind: 'word', value: 'tcp' }],
  ['nfproto', { kind: 'word', value: 'ipv4' }],
  ['protocol', { kind: 'word', value: 'ip' }],
]);

/** Deeper than any answer of nft nests its values. */
const MAX_DEPTH = 8;

function within(field: Field, wanted: unknown, depth: number): Truth {
  if (depth > MAX_DEPTH) return undefined;
  const { set, '|': flags, elem, prefix, range } = object(wanted);
  const several = listOf(wanted) ?? listOf(set) ?? listOf(flags);
  if (several !== undefined) return some(several.map((one) => within(field, one, depth + 1)));
  if (elem !== undefined) return within(field, object(elem).val, depth + 1);
  if (prefix !== undefined && field.kind === 'address') {
    const { addr, len } = object(prefix);
    return inNetwork(String(field.value), word(addr), typeof len === 'number' ? len : Number.NaN);
  }
  if (range !== undefined) return between(field, listOf(range) ?? []);
  if (typeof wanted !== 'string' && typeof wanted !== 'number') return undefined;
  return equals(field, wanted);
}

function equals(field: Field, wanted: string | number): Truth {
  if (field.kind === 'word') {
    // `eth*`; protocols may come as their numbers.
    if (typeof wanted === 'number') return field.value === 'tcp' ? wanted === 6 : undefined;
    return wanted.endsWith('*') ? String(field.value).startsWith(wanted.slice(0, -1)) : field.value === wanted;
  }
  const [own, other] = [numberOf(field, field.value), numberOf(field, wanted)];
  return own === undefined || other === undefined ? undefined : own === other;
}

function between(field: Field, [low, high]: readonly unknown[]): Truth {
  const [own, from, to] = [numberOf(field, field.value), numberOf(field, low), numberOf(field, high)];
  return own === undefined || from === undefined || to === undefined ? undefined : own >= from && own <= to;
}

function ordered(field: Field, op: unknown, wanted: unknown): Truth {
  const [own, other] = [numberOf(field, field.value), numberOf(field, wanted)];
  if (own === undefined || other === undefined) return undefined;
  if (op === '<') return own < other;
  if (op === '>') return own > other;
  if (op === '<=') return own <= other;
  return op === '>=' ? own >= other : undefined;
}

const NAMES: ReadonlyMap<string, number> = new Map([
  ['root', 0],
  ['http', 80],
]);

function numberOf({ kind }: Field, value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  if (typeof value !== 'string') return undefined;
  if (kind === 'address') return ipv4(value);
  return /^\d{1,10}$/.test(value) ? Number(value) : NAMES.get(value);
}

const isReference = (value: unknown): value is string => typeof value === 'string' && value.startsWith('@');
const object = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
/** What stands where a name or a number should: empty for anything else. */
const word = (value: unknown): string => (typeof value === 'string' || typeof value === 'number' ? String(value) : '');
const listOf = (value: unknown): readonly unknown[] | undefined => (Array.isArray(value) ? value : undefined);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
