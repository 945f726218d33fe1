import t from 'tap';
import { namesAddress, namesPort, parseFirewallRule } from '../../../agent/boot/windows-firewall.ts';
import { GPT_TYPES, parsePartitionTable } from '../../../agent/checks/partition-table.ts';
import { programOf } from '../../../agent/checks/windows-agent.ts';
import { judgeCollections, parseRule } from '../../../agent/checks/windows-applocker.ts';
import { judgeRdpRules, judgeWindowsFirewall } from '../../../agent/checks/windows-firewall.ts';
import { parseShadowStorage } from '../../../agent/checks/windows-shadows.ts';
import { parseWriters } from '../../../agent/checks/windows-writers.ts';
import { gptDisk, mbrDisk } from '../../fixtures/gpt.ts';
import { SHADOW_STORAGE, WRITERS } from './windows-machine.ts';

t.test('writers, in any language', async (t) => {
  t.equal(parseWriters(WRITERS).length, 9);
  const [first] = parseWriters(WRITERS);
  t.strictSame(first, { id: '{d61d61c8-d73a-4eee-8cdd-f6f9786b7124}', name: 'Task Scheduler Writer', state: 1 });
  const polish = WRITERS.replaceAll('Writer name', 'Nazwa modułu zapisującego')
    .replaceAll('Writer Id', 'Identyfikator modułu zapisującego')
    .replaceAll('State: [1] Stable', 'Stan: [1] Stabilne')
    .replaceAll('Last error: No error', 'Ostatni błąd: Nie ma błędów.');
  t.strictSame(parseWriters(polish), parseWriters(WRITERS), 'the words do not matter');
  t.strictSame(parseWriters('Error: [5] nothing\r\n\r\n{e8132975}\r\n'), []);
});

t.test('the storage of shadow copies', async (t) => {
  t.strictSame(parseShadowStorage(SHADOW_STORAGE), [{ volume: 'C:', usedPercent: 1, mostPercent: 10 }]);
  t.strictSame(parseShadowStorage(SHADOW_STORAGE.replace('23.7 GB (10%)', 'UNBOUNDED (100%)'))[0]?.mostPercent, 100);
  t.strictSame(parseShadowStorage('No items found that satisfy the query.\r\n'), []);
});

t.test('tables of partitions', async (t) => {
  t.strictSame(parsePartitionTable(gptDisk([GPT_TYPES.ldmData], 1024 ** 3)), {
    style: 'gpt',
    types: [GPT_TYPES.ldmData],
    sizeBytes: 1024 ** 3 - 33 * 512,
  });
  t.strictSame(parsePartitionTable(mbrDisk(['07', '42'])), { style: 'mbr', types: ['07', '42'], sizeBytes: undefined });
  t.equal(parsePartitionTable(Buffer.alloc(65_536)), undefined, 'a disk that nobody has initialised');
  t.equal(parsePartitionTable(mbrDisk(['ee'])), undefined, 'a GPT whose header is lost');
});

t.test('rules of the firewall', async (t) => {
  const rule = (fields: string) => parseFirewallRule(`v2.10|Action=Block|Active=TRUE|Dir=Out|${fields}`) ?? new Map();
  for (const [fields, holds] of [
    ['', true],
    ['RA4=168.63.129.16|', true],
    ['RA4=10.0.0.1|RA4=168.63.129.0/255.255.255.0|', true],
    ['RA4=168.63.0.0/16|', true],
    ['RA4=168.63.129.0-168.63.129.20|', true],
    ['RA4=168.63.129.17|', false],
    ['RA4=LocalSubnet|', false],
    ['RA6=fe80::/64|', false],
  ] as const) {
    t.equal(namesAddress(rule(fields), '168.63.129.16'), holds, fields);
  }
  t.equal(namesPort(rule('RPort=443|RPort2_10=70-90|'), 'RPort', 80), true);
  t.equal(namesPort(rule('RPort=443|'), 'RPort', 80), false);
  t.equal(namesPort(rule('LPort=RPC|'), 'LPort', 80), false);
  t.equal(parseFirewallRule('not a rule'), undefined);
  const none = { known: false, rules: [], on: [], closedOutwards: [] };
  t.equal(judgeRdpRules(none, 3389).verdict, 'skip', 'no settings are not a firewall that is off');
  t.equal(judgeWindowsFirewall(none).verdict, 'skip');
});

t.test('rules of AppLocker', async (t) => {
  const rule = (sid: string, path: string, action = 'Allow') =>
    parseRule(
      `<FilePathRule Id="1" Name="a &gt; b" UserOrGroupSid="${sid}" Action="${action}"><Conditions><FilePathCondition Path="${path}" /></Conditions><Exceptions><FilePathCondition Path="*" /></Exceptions></FilePathRule>`,
    );
  const judged = (...rules: ReturnType<typeof rule>[]) =>
    judgeCollections([{ kind: 'Exe', rules: rules.filter((one) => one !== undefined) }], true).verdict;
  t.equal(judged(rule('S-1-5-32-544', '*')), 'pass', 'the default rule for administrators');
  t.equal(judged(rule('S-1-1-0', '%OSDRIVE%\\Packages\\*')), 'pass');
  t.equal(judged(rule('S-1-1-0', 'C:\\Packages\\Plugins\\*')), 'pass');
  t.equal(judged(rule('S-1-5-21-1-2-3-500', '*')), 'fail', "somebody else's");
  t.equal(judged(rule('S-1-1-0', '*'), rule('S-1-1-0', '%OSDRIVE%\\Packages\\*', 'Deny')), 'fail', 'a denial wins');
});

t.test('the program of a service', async (t) => {
  t.equal(programOf('"C:\\Program Files\\x\\a.exe" -s'), 'C:\\Program Files\\x\\a.exe');
  t.equal(programOf('C:\\Program Files\\x\\a.exe -s'), 'C:\\Program Files\\x\\a.exe');
  t.equal(programOf('\\SystemRoot\\system32\\drivers\\a.sys'), undefined);
});
