import { readFileSync } from 'node:fs';
import t from 'tap';
import { judgeFirewall } from '../../../agent/checks/network-firewall.ts';
import { parseIptables } from '../../../agent/checks/network-iptables.ts';
import { parseNft } from '../../../agent/checks/network-nft.ts';
import { fateOf, inNetwork, ipv4, type Packet, type Table } from '../../../agent/checks/network-rules.ts';
import { anything, array, assert, constantFrom, letrec, object, oneof, property, string } from '../../fast-check.ts';

/** Written by nft 1.0.6 and iptables 1.8.9, with rules that the VM agent or an office set. */
const fixture = (name: string) => readFileSync(new URL(`../../fixtures/firewall/${name}`, import.meta.url), 'utf8');
const nft = (name: string) => parseNft(fixture(name)) ?? [];
const iptables = (name: string) => parseIptables(fixture(name));

const HOST: Packet = { address: '168.63.129.16', port: 80, uid: 0, device: 'eth0' };
const fate = (tables: readonly Table[], changes: Partial<Packet> = {}) => fateOf(tables, { ...HOST, ...changes }).fate;

t.test("the agent's own rules: root may, others may not, but ask for names", async (t) => {
  const written = [nft('agent.nft.json'), iptables('agent-nft.iptables'), iptables('agent-legacy.iptables')];
  for (const tables of written) {
    t.equal(fate(tables), 'passes');
    t.equal(fate(tables, { port: 32526 }), 'passes');
    t.equal(fate(tables, { uid: 1000 }), 'stopped');
    t.equal(fate(tables, { uid: 1000, port: 53 }), 'passes');
    t.equal(fate(tables, { uid: 1000, address: '10.0.0.4' }), 'passes');
    t.match(judgeFirewall({ tables, device: 'eth0' }), { verdict: 'pass', detail: /root alone/ });
  }
});

t.test('what iptables wrote, nft cannot tell in full', async (t) => {
  t.strictSame(nft('agent-iptables.nft.json'), []);
});

t.test('chains, sets, ranges, verdict maps of nft', async (t) => {
  const tables = nft('office.nft.json');
  t.strictSame(
    tables.map(({ name }) => name),
    ['inet office'],
    'IPv6 is not the way to the host',
  );
  t.equal(fate(tables), 'passes', 'accepted in the chain that is jumped to');
  t.equal(fate(tables, { uid: 33 }), 'stopped');
  t.equal(fate(tables, { port: 8443 }), 'passes', 'neither listed nor in the range');
  t.equal(fate(tables, { port: 32526 }), 'stopped');
  t.equal(fate(tables, { port: 32526, address: '10.0.0.9' }), 'stopped', 'by a range of the set');
  t.equal(fate(tables, { port: 32526, address: '10.0.0.10' }), 'passes');
  t.equal(fate(tables, { port: 32526, device: undefined }), 'perhaps', 'loopback, for all we know');
  t.match(judgeFirewall({ tables, device: 'eth0' }), {
    verdict: 'fail',
    detail: /^168\.63\.129\.16:32526 is cut off .*inet office: inet office out handle \d+$/,
    remedy: /\$ nft insert rule inet office out ip daddr 168\.63\.129\.16 meta skuid 0 accept/,
  });
});

t.test('policies, masks, negations and users of iptables', async (t) => {
  const tables = iptables('office.iptables');
  t.equal(fate(tables), 'passes', 'a user of the system');
  t.equal(fate(tables, { uid: 1000 }), 'stopped');
  t.equal(fate(tables, { uid: 1000, address: '168.63.131.1' }), 'stopped', 'by the policy, since goto does not return');
  t.equal(fate(tables, { port: 32526 }), 'stopped', 'by the policy');
  t.equal(fate(tables, { address: '10.1.2.3' }), 'stopped', 'left out of the rule for the web');
  t.equal(fate(tables, { port: 32526, device: undefined }), 'stopped', 'loopback is never the way to the host');
  t.match(judgeFirewall({ tables, device: 'eth0' }), {
    verdict: 'fail',
    detail: /32526 is cut off .*table filter: the policy of chain OUTPUT/,
    remedy: /\$ iptables -w -t filter -I OUTPUT 1 -d 168\.63\.129\.16 -p tcp -m owner --uid-owner 0 -j ACCEPT/,
  });
});

/** A table as `iptables-save` prints it. */
const table = (rules: readonly string[], policy = 'ACCEPT') =>
  parseIptables(['*filter', `:OUTPUT ${policy} [0:0]`, ':a - [0:0]', ':b - [0:0]', ...rules, 'COMMIT'].join('\n'));

t.test('one rule of iptables', async (t) => {
  for (const [rule, expected] of [
    ['-A OUTPUT -j DROP', 'stopped'],
    ['-A OUTPUT -d 168.63.129.16/32 -j DROP', 'stopped'],
    ['-A OUTPUT -d 168.63.129.0/255.255.255.0 -j REJECT --reject-with icmp-port-unreachable', 'stopped'],
    ['-A OUTPUT ! -d 168.63.129.16/32 -j DROP', 'passes'],
    ['-A OUTPUT -d 168.63.129.17/32 -j DROP', 'passes'],
    ['-A OUTPUT -p udp -j DROP', 'passes'],
    ['-A OUTPUT -p tcp -m tcp --dport 80 -j DROP', 'stopped'],
    ['-A OUTPUT -p tcp -m tcp ! --dport 443 -j DROP', 'stopped'],
    ['-A OUTPUT -p tcp -m multiport --dports 22,70:90 -j DROP', 'stopped'],
    ['-A OUTPUT -p tcp -m multiport --dports 22,81:90 -j DROP', 'passes'],
    ['-A OUTPUT -m state --state ESTABLISHED -j DROP', 'passes'],
    ['-A OUTPUT -m conntrack --ctstate INVALID,NEW -j DROP', 'stopped'],
    ['-A OUTPUT -m owner ! --uid-owner 0 -j DROP', 'passes'],
    ['-A OUTPUT -m owner --uid-owner root -j DROP', 'stopped'],
    ['-A OUTPUT -o eth+ -j DROP', 'stopped'],
    ['-A OUTPUT ! -o eth0 -j DROP', 'passes'],
    ['-A OUTPUT -m iprange --dst-range 168.63.0.0-168.63.255.255 -j DROP', 'stopped'],
    ['-A OUTPUT -m comment --comment "see -j DROP" -j ACCEPT', 'passes'],
    ['-A OUTPUT -m set --match-set blocked dst -j DROP', 'perhaps'],
    ['-A OUTPUT -m limit --limit 5/min -j LOG --log-prefix "-j DROP "', 'passes'],
    ['-A OUTPUT -j NFQUEUE --queue-num 0', 'perhaps'],
    ['-A OUTPUT -s 10.0.0.0/8 -j DROP', 'perhaps'],
    ['-A INPUT -j DROP', 'passes'],
    ['-A OUTPUT -g b', 'passes'],
  ] as const) {
    t.equal(fate(table([rule])), expected, rule);
  }
});

t.test('rules together', async (t) => {
  t.equal(fate(table(['-A OUTPUT -j a', '-A a -j RETURN', '-A a -j DROP', '-A OUTPUT -j ACCEPT'], 'DROP')), 'passes');
  t.equal(fate(table(['-A OUTPUT -m set --match-set ours dst -j ACCEPT', '-A OUTPUT -j DROP'])), 'perhaps');
  t.equal(fate(table(['-A OUTPUT -m set --match-set ours dst -j a', '-A a -j DROP'])), 'perhaps');
  t.equal(fate(table(['-A OUTPUT -j ACCEPT'], 'DROP')), 'passes');
  t.equal(fate([...table([]), ...table(['-A OUTPUT -j DROP'])]), 'stopped', 'a later table has its say');
  t.match(judgeFirewall({ tables: table(['-A OUTPUT -m set --match-set x dst -j DROP']), device: 'eth0' }), {
    verdict: 'info',
    detail: /:80 and 168\.63\.129\.16:32526 may be cut off/,
  });
  t.match(judgeFirewall({ tables: table([]), device: undefined }), { verdict: 'pass', detail: 'none does' });
  t.match(judgeFirewall({ tables: undefined, device: undefined }), { verdict: 'skip' });
});

t.test('chains that call each other come to an end', async (t) => {
  const twice = (name: string, other: string) => Array<string>(20).fill(`-A ${name} -j ${other}`);
  t.equal(fate(table(['-A OUTPUT -j a', ...twice('a', 'b'), ...twice('b', 'a')])), 'perhaps');
  t.equal(fate(table(['-A OUTPUT -j OUTPUT'])), 'perhaps');
});

const expression = (...expr: readonly object[]) =>
  parseNft(
    JSON.stringify({
      nftables: [
        { chain: { family: 'ip', table: 'x', name: 'o', hook: 'output', policy: 'accept' } },
        { set: { family: 'ip', table: 'x', name: 's', elem: [{ elem: { val: '168.63.129.16', timeout: 9 } }] } },
        { rule: { family: 'ip', table: 'x', chain: 'o', handle: 3, expr } },
      ],
    }),
  ) ?? [];
const match = (left: object, right: unknown, op = '==') => ({ match: { op, left, right } });
const DROP = { drop: null };
const DADDR = { payload: { protocol: 'ip', field: 'daddr' } };

t.test('one expression of nft', async (t) => {
  for (const [name, expected, expr] of [
    ['drop', 'stopped', [DROP]],
    ['a set with timeouts', 'stopped', [match(DADDR, '@s'), DROP]],
    ['a set that is not told', 'perhaps', [match(DADDR, '@other'), DROP]],
    ['not in a set', 'passes', [match(DADDR, '@s', '!='), DROP]],
    ['IPv6', 'passes', [match({ payload: { protocol: 'ip6', field: 'daddr' } }, '::1', '!='), DROP]],
    ['another protocol', 'passes', [match({ payload: { protocol: 'udp', field: 'dport' } }, 80), DROP]],
    ['ports below', 'stopped', [match({ payload: { protocol: 'tcp', field: 'dport' } }, 1024, '<'), DROP]],
    ['protocol by number', 'stopped', [match({ meta: { key: 'l4proto' } }, 6), DROP]],
    ['user by name', 'stopped', [match({ meta: { key: 'skuid' } }, 'root'), DROP]],
    ['devices by pattern', 'stopped', [match({ meta: { key: 'oifname' } }, 'eth*'), DROP]],
    ['flags', 'passes', [match({ ct: { key: 'state' } }, { '|': ['established', 'related'] }, 'in'), DROP]],
    ['a mark', 'perhaps', [match({ meta: { key: 'mark' } }, 7), DROP]],
    ['a limit', 'perhaps', [{ limit: { rate: 1, per: 'second' } }, DROP]],
    ['a count and a line in the log', 'stopped', [{ counter: {} }, { log: {} }, DROP]],
    ['a queue', 'perhaps', [{ queue: { num: 0 } }]],
    ['a chain that is not there', 'perhaps', [{ jump: { target: 'gone' } }]],
    ['a verdict map by name that is not told', 'perhaps', [{ vmap: { key: DADDR, data: '@verdicts' } }]],
    ['a verdict map', 'stopped', [{ vmap: { key: DADDR, data: { set: [['168.63.129.16', DROP]] } } }]],
  ] as const) {
    t.equal(fate(expression(...expr)), expected, name);
  }
});

t.test('addresses', async (t) => {
  t.equal(ipv4('168.63.129.16'), 0xa83f8110);
  for (const wrong of ['', '1.2.3', '1.2.3.256', '1.2.3.4.5', 'fe80::1', '1.2.3.x'])
    t.equal(ipv4(wrong), undefined, wrong);
  t.equal(inNetwork('10.1.2.3', '10.0.0.0', 8), true);
  t.equal(inNetwork('11.1.2.3', '10.0.0.0', 8), false);
  t.equal(inNetwork('11.1.2.3', '0.0.0.0', 0), true);
  t.equal(inNetwork('168.63.129.16', '168.63.128.0', 23), true);
  t.equal(inNetwork('168.63.129.16', '168.63.130.0', 23), false);
  t.equal(inNetwork('168.63.129.16', '168.63.129.17', 32), false);
  t.equal(inNetwork('11.1.2.3', '0.0.0.0', 33), undefined);
});

/** Values as nft nests them, and as it never would. */
const value = letrec((tie) => ({
  one: oneof(
    constantFrom<unknown>('@s', '@x', 0, 80, '168.63.129.16', 'new', 'constructor', '__proto__'),
    array(tie('one'), { maxLength: 3 }),
    tie('one').map((set) => ({ set })),
    tie('one').map((val) => ({ elem: { val } })),
    anything(),
  ),
})).one;

t.test('any text and any rules have a reading', async (t) => {
  const words = constantFrom(
    '-A',
    'OUTPUT',
    'a',
    '-j',
    '-g',
    '!',
    '-d',
    '10.0.0.0/8',
    '--dports',
    '1:2',
    '"',
    '\\"',
    '-m',
    'DROP',
    '*x',
    ':a - ',
    '\n',
  );
  assert(property(array(words, { maxLength: 60 }), (line) => fate(table(line.join(' ').split('\n'))) !== undefined));
  assert(property(string(), (text) => Array.isArray(parseIptables(text)) && parseNft(text) === undefined));
  assert(
    property(value, value, constantFrom('==', '!=', 'in', '<', 'x'), (left, right, op) =>
      [DADDR, { meta: left }, { ct: left }, { payload: left }, left as object].every(
        (field) => fate(expression(match(field, right, op), { vmap: { key: field, data: right } }, DROP)) !== undefined,
      ),
    ),
  );
  assert(property(array(object()), (nftables) => fate(parseNft(JSON.stringify({ nftables })) ?? []) === 'passes'));
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  t.equal(fate(parseNft(`{"nftables":[${deep}]}`) ?? []), 'passes');
  t.equal(fateOf(parseIptables(`*x\n:OUTPUT ACCEPT\n-A OUTPUT ${'"\\" '.repeat(200_000)}`), HOST).fate, 'passes');
});
