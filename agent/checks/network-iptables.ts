import {
  type Action,
  type Condition,
  inNetwork,
  ipv4,
  not,
  type Rule,
  some,
  type Table,
  type Truth,
} from './network-rules.ts';

/** Tables of `iptables-save`, whichever of its two back ends wrote them. Lines that say nothing to us are left out. */
export function parseIptables(text: string): readonly Table[] {
  const tables: Draft[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('*')) tables.push({ name: line.slice(1).trim(), chains: new Map() });
    const table = tables.at(-1);
    if (table === undefined) continue;
    if (line.startsWith(':')) addChain(table, line);
    else if (line.startsWith('-A ')) addRule(table, line.trimEnd());
  }
  return tables.map(finish);
}

interface Draft {
  readonly name: string;
  readonly chains: Map<string, { policy: 'accept' | 'drop' | undefined; readonly lines: string[] }>;
}

const HOOKS = ['OUTPUT', 'POSTROUTING'];

/** `:OUTPUT DROP [0:0]`; a chain of somebody's own has no policy and shows a hyphen. */
function addChain({ chains }: Draft, line: string): void {
  const [name = '', policy] = line.slice(1).split(' ');
  chains.set(name, { policy: HOOKS.includes(name) ? (policy === 'DROP' ? 'drop' : 'accept') : undefined, lines: [] });
}

function addRule({ chains }: Draft, line: string): void {
  chains.get(line.split(' ', 2)[1] ?? '')?.lines.push(line);
}

const finish = ({ name, chains }: Draft): Table => ({
  tool: 'iptables',
  name,
  chains: new Map(
    [...chains].map(([chain, { policy, lines }]) => [
      chain,
      { policy, rules: lines.map((line) => ruleOf(line, (target) => chains.has(target))) },
    ]),
  ),
});

type IsChain = (target: string) => boolean;

function ruleOf(line: string, isChain: IsChain): Rule {
  const conditions: Condition[] = [];
  const words = wordsOf(line).slice(2);
  let negated = false;
  for (let at = 0; at < words.length; at += 1) {
    const word = words[at] ?? '';
    const value = words[at + 1] ?? '';
    // What follows the target is the target's own.
    if (TARGET.includes(word)) return { text: line, conditions, action: actionOf(word, value, isChain) };
    if (word === '!') {
      negated = true;
      continue;
    }
    const read = OPTIONS.get(word);
    if (read !== undefined) {
      const condition = read(value);
      conditions.push(negated ? (packet) => not(condition(packet)) : condition);
      at += 1;
    } else if (NEUTRAL.includes(word)) at += 1;
    // An option that is not known here, or one of its values: it may hold or not.
    else conditions.push(() => undefined);
    negated = false;
  }
  return { text: line, conditions, action: { do: 'next' } };
}

const TARGET: readonly string[] = ['-j', '--jump', '-g', '--goto'];
/** They say which options follow, or nothing at all. */
const NEUTRAL: readonly string[] = ['-m', '--match', '--comment'];

const ENDS: ReadonlyMap<string, Action> = new Map([
  ['ACCEPT', { do: 'accept' }],
  ['DROP', { do: 'drop' }],
  ['REJECT', { do: 'drop' }],
  ['RETURN', { do: 'return' }],
  ['QUEUE', { do: 'unknown' }],
  ['NFQUEUE', { do: 'unknown' }],
]);

/** Other targets count, mark or log, and let the packet go on: iptables-extensions(8). */
function actionOf(option: string, target: string, isChain: IsChain): Action {
  const end = ENDS.get(target);
  if (end !== undefined) return end;
  if (!isChain(target)) return { do: 'next' };
  return { do: option.startsWith('-g') || option === '--goto' ? 'goto' : 'jump', chain: target };
}

type Reader = (value: string) => Condition;

const OPTIONS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  [
    '-d',
    (value) =>
      ({ address }) =>
        isIn(address, value),
  ],
  ['-p', (value) => () => ['tcp', '6', 'all'].includes(value)],
  [
    '-o',
    (value) =>
      ({ device }) =>
        isDevice(device, value),
  ],
  [
    '--dport',
    (value) =>
      ({ port }) =>
        inRange(port, value),
  ],
  [
    '--dports',
    (value) =>
      ({ port }) =>
        some(value.split(',').map((one) => inRange(port, one))),
  ],
  ['--ctstate', (value) => () => value.split(',').includes('NEW')],
  ['--state', (value) => () => value.split(',').includes('NEW')],
  [
    '--uid-owner',
    (value) =>
      ({ uid }) =>
        inRange(uid, value === 'root' ? '0' : value),
  ],
  [
    '--dst-range',
    (value) =>
      ({ address }) =>
        isBetween(address, value),
  ],
]);

/** `168.63.129.16/32`, or with a mask in dots. */
function isIn(address: string, value: string): Truth {
  const [network = '', mask = '32'] = value.split('/', 2);
  return inNetwork(address, network, /^\d{1,2}$/.test(mask) ? Number(mask) : bitsOf(mask));
}

/** How many ones a mask begins with; NaN for one with holes, which no network has. */
function bitsOf(mask: string): number {
  const zeros = 2 ** 32 - (ipv4(mask) ?? Number.NaN);
  const bits = 32 - Math.log2(zeros);
  return Number.isInteger(bits) ? bits : Number.NaN;
}

/** `eth+` is every name that begins so. Loopback is never the way to the host. */
function isDevice(device: string | undefined, value: string): Truth {
  if (value === 'lo') return false;
  if (device === undefined) return undefined;
  return value.endsWith('+') ? device.startsWith(value.slice(0, -1)) : device === value;
}

/** `80`, `8000:9000`, and of users `0-999`. */
function inRange(number: number, value: string): Truth {
  const [, low, high = low] = /^(\d{1,10})(?:[:-](\d{1,10}))?$/.exec(value) ?? [];
  return low === undefined ? undefined : number >= Number(low) && number <= Number(high);
}

function isBetween(address: string, value: string): Truth {
  const [own, low, high] = [address, ...value.split('-', 2)].map(ipv4);
  return own === undefined || low === undefined || high === undefined ? undefined : own >= low && own <= high;
}

/** Words of a line; quotes keep blanks, a backslash keeps a quote. */
function wordsOf(line: string): readonly string[] {
  return [...line.matchAll(/"([^"\\]*(?:\\.[^"\\]*)*)"|\S+/g)].map(([whole, quoted]) => quoted ?? whole);
}
