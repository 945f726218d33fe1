/** What Windows and its programs say of themselves. */

import { parseFirewallRule } from '../../../agent/boot/windows-firewall.ts';
import { parsePartitionTable } from '../../../agent/checks/partition-table.ts';
import { programOf } from '../../../agent/checks/windows-agent.ts';
import { judgeCollections, parseRule } from '../../../agent/checks/windows-applocker.ts';
import { certificateOf, judgeStoredCertificates } from '../../../agent/checks/windows-certs.ts';
import { judgeEvents, parseEvents } from '../../../agent/checks/windows-events.ts';
import { judgeWindowsExtension, parseExtensionStatus } from '../../../agent/checks/windows-extension.ts';
import { judgeRdpRules, judgeWindowsFirewall } from '../../../agent/checks/windows-firewall.ts';
import { judgeStorage, parseShadowStorage } from '../../../agent/checks/windows-shadows.ts';
import { judgeMissing, judgeWriters } from '../../../agent/checks/windows-writers.ts';
import { parsePeVersion } from '../../../agent/system/pe-version.ts';
import { parseSmbiosUuid } from '../../../agent/system/smbios.ts';
import { parseWriters } from '../../../agent/system/vss-writers.ts';
import { parseKept, surplusOf } from '../../../agent/takers/vss/kept.ts';
import { parseOwedShadows } from '../../../agent/takers/vss/owed.ts';
import { parseShadowIds, parseShadowLog } from '../../../agent/takers/vss/shadow-ids.ts';
import { parseVssError } from '../../../agent/takers/vss/vss-error.ts';
import { gptDisk, mbrDisk } from '../../fixtures/gpt.ts';
import { peFile } from '../../fixtures/pe-file.ts';
import { smbiosTables } from '../../fixtures/smbios.ts';
import {
  DISKSHADOW_CREATE,
  EVENT,
  extensionStatus,
  RDP_RULE,
  SHADOW_STORAGE,
  storedCertificate,
  WRITERS,
} from '../../unit/checks/windows-machine.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const APP_LOCKER =
  '<FilePathRule Id="1" Name="n" UserOrGroupSid="S-1-1-0" Action="Allow"><Conditions><FilePathCondition Path="%OSDRIVE%\\Packages\\*"/></Conditions></FilePathRule>';
const ON = ['Domain', 'Public'] as const;

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export const windowsTargets: readonly FuzzTarget[] = [
  {
    name: 'pe-version',
    covers: ['system/pe-version.ts parsePeVersion'],
    samples: [peFile('2.7.41491.1095'), peFile(undefined)],
    read(input) {
      const version = parsePeVersion(input);
      mustHold(version === undefined || /^\d+(\.\d+){3}$/.test(version.product), 'a version has four numbers');
    },
  },
  {
    name: 'smbios',
    covers: ['system/smbios.ts parseSmbiosUuid'],
    samples: [smbiosTables('00112233445566778899aabbccddeeff')],
    read(input) {
      const uuid = parseSmbiosUuid(input);
      mustHold(uuid === undefined || /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(uuid), 'a UUID, or none');
    },
  },
  {
    name: 'partition-table',
    covers: ['checks/partition-table.ts parsePartitionTable'],
    samples: [
      gptDisk(['E75CAF8F-F680-4CEE-AFA3-B001E56EFC2D'], 1024 ** 3).subarray(0, 4096),
      mbrDisk(['42']).subarray(0, 512),
    ],
    read: (input) => {
      const table = parsePartitionTable(input);
      mustHold(
        (table?.types ?? []).every((type) => /^[0-9A-Fa-f-]+$/.test(type)),
        'types are numbers',
      );
    },
  },
  {
    name: 'stored-certificate',
    covers: ['checks/windows-certs.ts certificateOf'],
    samples: [Buffer.from(String(storedCertificate('TenantEncryptionCert').data), 'hex')],
    read: (input) => judgeStoredCertificates([certificateOf('00', input)], Date.now()),
  },
  textTarget(
    'service-program',
    ['checks/windows-agent.ts programOf'],
    ['"C:\\Program Files\\x\\a.exe" -s', 'C:\\WindowsAzure\\GuestAgent_2.7\\WaAppAgent.exe'],
    (text) => programOf(text),
  ),
  textTarget('vss-writers', ['system/vss-writers.ts parseWriters'], [WRITERS], (text) => {
    const writers = parseWriters(text);
    mustHold(
      writers.every(({ id, state }) => id.length === 38 && state >= 0),
      'a class and a state',
    );
    judgeWriters({ writers, fault: '' });
    judgeMissing({ writers, fault: '' }, true);
  }),
  {
    name: 'shadow-ids',
    covers: ['takers/vss/shadow-ids.ts parseShadowIds', 'takers/vss/shadow-ids.ts parseShadowLog'],
    samples: [DISKSHADOW_CREATE, Buffer.from(DISKSHADOW_CREATE, 'utf16le')],
    read(input) {
      const made = parseShadowLog(input.toString('latin1')) ?? parseShadowIds(input.toString('utf8'));
      const ids = made === undefined ? [] : [made.set, ...made.shadows];
      mustHold(
        ids.every((id) => /^\{[0-9a-f-]{36}\}$/.test(id)),
        'nothing but ids goes into a command',
      );
    },
  },
  textTarget(
    'vss-error',
    ['takers/vss/vss-error.ts parseVssError'],
    ['Returned HRESULT: 0x8004231f', 'Error text: VSS_E_PROVIDER_VETO'],
    (text) => {
      const name = parseVssError(text)?.name;
      mustHold(name === undefined || /^[\w]{9,70}$/.test(name), 'a name or a number');
    },
  ),
  textTarget(
    'kept-shadows',
    ['takers/vss/kept.ts parseKept'],
    [
      '{"schema":1,"kept":[{"set":"{9ea220e6-a403-43ad-b78b-ba251611c03a}","madeAt":"2026","consistency":"application"}]}',
    ],
    (text) => surplusOf(parseKept(text), 1),
  ),
  textTarget(
    'owed-shadows',
    ['takers/vss/owed.ts parseOwedShadows'],
    [
      '{"folder":"C:\\\\ProgramData\\\\quiesced\\\\run\\\\vss-0a1b2c3d","set":"{9ea220e6-a403-43ad-b78b-ba251611c03a}"}',
      'null',
    ],
    (text) => {
      // Text that is no JSON is the journal's to refuse.
      if (isJson(text)) parseOwedShadows(JSON.parse(text));
    },
  ),
  textTarget('shadow-storage', ['checks/windows-shadows.ts parseShadowStorage'], [SHADOW_STORAGE], (text) =>
    judgeStorage(parseShadowStorage(text) ?? 'not understood'),
  ),
  textTarget('windows-events', ['checks/windows-events.ts parseEvents'], [EVENT + EVENT], (text) =>
    judgeEvents(parseEvents(text)),
  ),
  textTarget('app-locker', ['checks/windows-applocker.ts parseRule'], [APP_LOCKER], (text) => {
    const rule = parseRule(text);
    judgeCollections([{ kind: 'Exe', rules: rule === undefined ? [] : [rule] }], true);
  }),
  textTarget(
    'windows-firewall',
    ['boot/windows-firewall.ts parseFirewallRule'],
    [
      RDP_RULE,
      'v2.30|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RA4=168.63.129.0/255.255.255.0|RPort=80|RPort2_10=1-9|Name=n|',
    ],
    (text) => {
      const rule = parseFirewallRule(text);
      const profiles = { on: ON, closedOutwards: ON, openInwards: [], shut: [] };
      const firewall = { known: true, rules: rule === undefined ? [] : [rule], ...profiles };
      judgeWindowsFirewall(firewall);
      judgeRdpRules(firewall, 3389);
    },
  ),
  textTarget(
    'extension-status',
    ['checks/windows-extension.ts parseExtensionStatus'],
    [extensionStatus('error', 1047, 'why')],
    (text) => {
      const last = parseExtensionStatus(text);
      judgeWindowsExtension({ version: '1', last: last && { ...last, ageMs: 0 } });
    },
  ),
];
