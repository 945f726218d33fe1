import t from 'tap';
import {
  namesAddress,
  namesPort,
  parseFirewallRule,
  type WindowsFirewall,
} from '../../../agent/boot/windows-firewall.ts';
import { GPT_TYPES, parsePartitionTable } from '../../../agent/checks/partition-table.ts';
import { programOf } from '../../../agent/checks/windows-agent.ts';
import { judgeCollections, parseRule } from '../../../agent/checks/windows-applocker.ts';
import { gatherWindowsExtension, judgeWindowsExtension } from '../../../agent/checks/windows-extension.ts';
import { judgeRdpRules, judgeWindowsFirewall } from '../../../agent/checks/windows-firewall.ts';
import { parseShadowStorage } from '../../../agent/checks/windows-shadows.ts';
import { parseWriters } from '../../../agent/system/vss-writers.ts';
import { fakeWindows } from '../../fakes/windows.ts';
import { gptDisk, mbrDisk } from '../../fixtures/gpt.ts';
import { HEALTHY_WINDOWS, RDP_RULE, SHADOW_STORAGE, VMSNAPSHOT, WRITERS } from './windows-machine.ts';

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
  t.strictSame(parseShadowStorage(SHADOW_STORAGE.replace('23.7 GB (10%)', 'UNBOUNDED (100%)'))?.[0]?.mostPercent, 100);
  const odd = SHADOW_STORAGE.replaceAll('C:', 'D:').replaceAll('(10%)', '(10 of 100)');
  t.equal(
    parseShadowStorage(`${SHADOW_STORAGE}\r\n\r\n${odd}`),
    undefined,
    'one that is not understood may be the narrow one',
  );
  t.strictSame(parseShadowStorage('No items found that satisfy the query.\r\n'), []);
});

t.test('tables of partitions', async (t) => {
  t.strictSame(parsePartitionTable(gptDisk([GPT_TYPES.ldmData], 1024 ** 3)), {
    style: 'gpt',
    types: [GPT_TYPES.ldmData],
    sizeBytes: 1024 ** 3 - 33 * 512,
  });
  const mbr = mbrDisk(['07', '42']);
  t.strictSame(parsePartitionTable(mbr), { style: 'mbr', types: ['07', '42'], sizeBytes: 0 });
  mbr.writeUInt32LE(2048, 446 + 16 + 8);
  mbr.writeUInt32LE(4096, 446 + 16 + 12);
  t.equal(parsePartitionTable(mbr)?.sizeBytes, 6144 * 512, 'to the end of its last partition');
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
  const none = { known: false, rules: [], on: [], closedOutwards: [], shut: [], openInwards: [] };
  t.equal(judgeRdpRules(none, 3389).verdict, 'skip', 'no settings are not a firewall that is off');
  t.equal(judgeWindowsFirewall(none).verdict, 'skip');
});

t.test('who is let in to Remote Desktop', async (t) => {
  const judged = (rules: readonly string[], change: Partial<WindowsFirewall> = {}) => {
    const parsed = rules.flatMap((text) => parseFirewallRule(text) ?? []);
    const profiles = { on: ['Public'], closedOutwards: [], shut: [], openInwards: [] } as const;
    return judgeRdpRules({ known: true, rules: parsed, ...profiles, ...change }, 3389).verdict;
  };
  const block = (fields: string) => `v2.10|Action=Block|Active=TRUE|Dir=In|${fields}`;
  const allow = (fields: string) => `v2.10|Action=Allow|Active=TRUE|Dir=In|${fields}`;
  t.equal(judged([RDP_RULE]), 'pass');
  t.equal(judged([RDP_RULE, block('Name=everything|')]), 'fail', 'all ports of all programs');
  t.equal(judged([RDP_RULE, block('App=C:\\a.exe|')]), 'pass', "somebody else's program");
  t.equal(judged([RDP_RULE, block('Protocol=6|LPort=3389|RA4=192.0.2.7|')]), 'pass', 'one address is not everybody');
  t.equal(judged([allow('Protocol=6|LPort=3389|App=C:\\a.exe|')]), 'fail', 'a rule for another program');
  t.equal(judged([allow('AppPkgId=S-1-15-2-1|LUOwn=S-1-5-21-1|')]), 'fail', 'a rule for an app of the store');
  t.equal(judged([allow('Name=everything|')]), 'pass');
  t.equal(judged([], { openInwards: ['Public'] }), 'pass', 'what no rule blocks is let in');
  t.equal(judged([RDP_RULE], { shut: ['Public'] }), 'fail', 'no exceptions are allowed');
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
  t.equal(judged(rule('S-1-5-11', '*')), 'pass', 'LocalSystem is authenticated');
  t.equal(judged(rule('S-1-5-21-1-2-3-500', '*')), 'fail', "somebody else's");
  t.equal(judged(rule('S-1-1-0', '*'), rule('S-1-1-0', '%OSDRIVE%\\Packages\\*', 'Deny')), 'fail', 'a denial wins');
  const extension = 'C:\\Packages\\Plugins\\Microsoft.Azure.RecoveryServices.VMSnapshot\\*';
  t.equal(judged(rule('S-1-1-0', '*'), rule('S-1-1-0', extension, 'Deny')), 'fail', 'also of the extension alone');
});

t.test('a last word of the extension that is not understood is no good one', async (t) => {
  const { system, cleanUp } = fakeWindows({
    ...HEALTHY_WINDOWS,
    files: { ...HEALTHY_WINDOWS.files, [`${VMSNAPSHOT}\\status\\3.status`]: '[{"status":' },
  });
  t.teardown(cleanUp);
  t.match(judgeWindowsExtension(await gatherWindowsExtension(system)), { verdict: 'skip', detail: /3\.status is not/ });
});

t.test('the program of a service', async (t) => {
  t.equal(programOf('"C:\\Program Files\\x\\a.exe" -s'), 'C:\\Program Files\\x\\a.exe');
  t.equal(programOf('C:\\Program Files\\x\\a.exe -s'), 'C:\\Program Files\\x\\a.exe');
  t.equal(programOf('\\SystemRoot\\system32\\drivers\\a.sys'), undefined);
});
