/** What Azure's agent and the programs around it leave behind and print. */

import { azureCode } from '../../../agent/checks/azure-explained.ts';
import { keyFileOf, openedBy, parseCrypttab } from '../../../agent/checks/encryption-crypttab.ts';
import { formatOf, holdsEncrypted, wrappedBySettings } from '../../../agent/checks/encryption-evidence.ts';
import { productsListed } from '../../../agent/checks/other-agents.ts';
import { judgeCredentials, parseFound } from '../../../agent/checks/other-credentials.ts';
import { dpkgOwner, runningVersion } from '../../../agent/checks/other-packages.ts';
import { cronHours, crontab, parseTimers } from '../../../agent/checks/other-schedules.ts';
import { parsePackages, versionLine } from '../../../agent/checks/other-versions.ts';
import { globalOption } from '../../../agent/checks/restore-facts.ts';
import { endOf, judgeCertificates, thumbprintOf } from '../../../agent/checks/vm-agent-certs.ts';
import { handlerOf, judgeExtension, statusOf } from '../../../agent/checks/vm-agent-extension.ts';
import { judgeQuotas, parseQuotas, spanMs } from '../../../agent/checks/vm-agent-quota.ts';
import { oddities, parseVmbackupConf, skippedMounts } from '../../../agent/checks/vmbackup-conf.ts';
import { roleOf } from '../../../agent/checks/waagent.ts';
import { compareVersions, parseWaagentVersion } from '../../../agent/checks/waagent-version.ts';
import { distributionOf, parseOsRelease } from '../../../agent/system/os-release.ts';
import { parseWaagentConf, switchOf, updatesItself } from '../../../agent/system/waagent-conf.ts';
import { parseUnits, pickUnit } from '../../../agent/system/waagent-unit.ts';
import { extension, PEM, QUOTAS, settings, status, THUMB, UNIT, VERSION } from '../../unit/checks/agent-files.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const WAAGENT_CONF = `# Microsoft Azure Linux Agent Configuration
Extensions.Enabled=y
AutoUpdate.Enabled="y" # as Microsoft advises
OS.EnableFirewall=n
HttpProxy.Host=None
  # indented
`;
const VMBACKUP_CONF = `[SnapshotThread]
timeout: 300
MountsToSkip = /mnt/a,/mnt/b
  ,/mnt/c
[Monitor]
Run=yes
`;
const CRYPTTAB = `# <target name> <source device> <key file> <options>
osencrypt /dev/sda2 /mnt/azure_bek_disk/LinuxPassPhraseFileName luks,discard
data UUID=2505567a none luks,tpm2-device=auto
swap /dev/sdb2 /dev/urandom swap,cipher=aes-xts-plain64
`;
const CRON = `SHELL=/bin/sh
25 6 * * * root test -x /usr/sbin/anacron || run-parts --report /etc/cron.daily
*/15 1-5/2,22 * jan-mar mon pg_dump all
@daily /usr/local/bin/backup
`;
const TIMERS =
  'Id=fstrim.timer\nUnit=fstrim.service\nNextElapseUSecRealtime=Mon 2026-11-23 00:51:57 UTC\n\nId=x.timer\nUnit=x\n';
const SMB =
  '[global]\n  server role = active directory domain controller\n  # x\n  work\\\n group = A\n[share]\nserver role = x\n';
const DPKG = 'diversion by a from: /x\nwalinuxagent:amd64, other: /usr/sbin/waagent\n';
const OS_RELEASE =
  'PRETTY_NAME="Debian GNU/Linux 12 (\\"bookworm\\")"\nID=debian\nVERSION_ID=\'12\'\nID_LIKE="rhel fedora"\n';

const ADE_SETTINGS = JSON.stringify({
  runtimeSettings: [
    { handlerSettings: { publicSettings: { KeyEncryptionKeyURL: 'https://v.vault.azure.net/keys/k/1' } } },
  ],
});

export const agentTargets: readonly FuzzTarget[] = [
  textTarget('waagent-conf', ['system/waagent-conf.ts parseWaagentConf'], [WAAGENT_CONF], (text) => {
    const conf = parseWaagentConf(text);
    updatesItself(conf);
    switchOf(conf, text);
  }),
  textTarget('vmbackup-conf', ['checks/vmbackup-conf.ts parseVmbackupConf'], [VMBACKUP_CONF], (text) => {
    const conf = parseVmbackupConf(text);
    oddities(conf, ['/mnt/a']);
    skippedMounts(conf, ['/mnt/a']);
  }),
  textTarget(
    'waagent-answers',
    [
      'system/waagent-unit.ts parseUnits',
      ...['parseWaagentVersion', 'compareVersions'].map((name) => `checks/waagent-version.ts ${name}`),
      ...['parseQuotas', 'spanMs'].map((name) => `checks/vm-agent-quota.ts ${name}`),
    ],
    [UNIT, `${UNIT}\n${UNIT}`, VERSION, QUOTAS('1s 500ms'), QUOTAS('infinity')],
    (text) => {
      pickUnit(parseUnits(text));
      parseWaagentVersion(text);
      mustHold(
        compareVersions(text, text) === 0 || !/^\d{1,9}(\.\d{1,9})*$/.test(text),
        'a version is as old as itself',
      );
      judgeQuotas(parseQuotas(text));
      spanMs(text);
      roleOf(text.split(' '));
      runningVersion([{ pid: 2, name: 'python3', argv: text.split(' ') }]);
    },
  ),
  textTarget(
    'waagent-files',
    [
      ...['handlerOf', 'statusOf'].map((name) => `checks/vm-agent-extension.ts ${name}`),
      'checks/vm-agent-certs.ts thumbprintOf',
    ],
    [status('1'), status('400'), settings(THUMB), ...Object.values(extension('Enabled'))],
    (text) => {
      const last = statusOf(text);
      const signs = { version: '1.0', state: 'Enabled', handler: handlerOf(text) };
      judgeExtension({ ...signs, last: last && { ...last, ageMs: 1000 } });
      thumbprintOf(text);
    },
  ),
  textTarget(
    'certificate',
    ['checks/vm-agent-certs.ts endOf'],
    [PEM, `Bag Attributes\n  x: 1\n${PEM}${PEM}`],
    (text) => {
      const name = 'TransportCert.pem';
      judgeCertificates([{ name, endsMs: endOf(text), hasKey: true }], [], Date.now(), undefined);
    },
  ),
  textTarget(
    'crypttab',
    [
      'checks/encryption-crypttab.ts parseCrypttab',
      ...['formatOf', 'holdsEncrypted', 'wrappedBySettings'].map((name) => `checks/encryption-evidence.ts ${name}`),
    ],
    [CRYPTTAB, 'CRYPT-LUKS2-2505567a9e51-data', 'S:disk/by-id/1\nE:ID_FS_TYPE=crypto_LUKS\n', ADE_SETTINGS],
    (text) => {
      formatOf(text);
      holdsEncrypted(text);
      wrappedBySettings(text);
      for (const entry of parseCrypttab(text)) {
        keyFileOf(entry);
        openedBy(entry);
      }
    },
  ),
  textTarget(
    'other-versions',
    ['parsePackages', 'versionLine'].map((name) => `checks/other-versions.ts ${name}`),
    ['veeam\t6.3.2.1207\n', 'VERSION=9.57.7078.1\nTAG=RELEASE\n', 'Microsoft Azure Recovery Services Agent'],
    (text) => {
      versionLine(text);
      for (const { name } of parsePackages(text)) mustHold(name !== '', 'it has a name');
      productsListed([{ name: text, version: '' }]);
    },
  ),
  textTarget(
    'schedules',
    ['readSchedules', 'crontab', 'cronHours', 'parseTimers'].map((name) => `checks/other-schedules.ts ${name}`),
    [CRON, TIMERS],
    (text) => {
      cronHours(text);
      for (const { hours } of [...crontab(text), ...parseTimers(text)]) {
        mustHold(
          hours.every((hour) => hour >= 0 && hour < 24),
          'an hour is one of the day',
        );
      }
    },
  ),
  textTarget('smb-conf', ['checks/restore-facts.ts globalOption'], [SMB], (text) => globalOption(text, 'server role')),
  textTarget(
    'found-files',
    ['checks/other-credentials.ts parseFound', 'checks/other-packages.ts dpkgOwner'],
    ['1763700000.1234567890 /root/a b.VaultCredentials\0' + '1763700001 /tmp/x.VaultCredentials\0', DPKG],
    (text) => {
      dpkgOwner(text);
      judgeCredentials(parseFound(text, '/', Date.now()));
    },
  ),
  textTarget(
    'os-release',
    ['readDistribution', 'parseOsRelease'].map((name) => `system/os-release.ts ${name}`),
    [OS_RELEASE],
    (text) => distributionOf(parseOsRelease(text)),
  ),
  textTarget(
    'azure-code',
    ['checks/azure-explained.ts azureCode'],
    ['code UserErrorGuestAgentStatusUnavailable.', '400'],
    (text) => azureCode(text),
  ),
];
