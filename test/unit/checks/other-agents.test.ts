import { backupsDoNotMeet } from '../../../agent/checks/other-agents.ts';
import { EXTENSION } from './agent-machine.ts';
import { processFiles } from './machine.ts';
import { type Prepared, testPrepared } from './prepared-machine.ts';

const cron = (lines: string, more: Readonly<Record<string, string>> = {}): Prepared => ({
  files: { '/etc/crontab': lines, ...more },
});
const timers = (text: string): Prepared => ({ programs: { systemctl: { stdout: text } } });
/** And the next: the file of the extension is made a moment after this was looked up. */
const hourNow = [0, 1].map((later) => (new Date().getHours() + later) % 24).join();
const extension = { [`${EXTENSION}/status/7.status`]: '[]' };
const UNINSTALL = 'HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall';
const sz = (data: string) => ({ type: 'sz', data }) as const;

const agents = 'other.backup-agents';

testPrepared(
  [backupsDoNotMeet],
  [
    [agents, 'none', 'pass', /none/, {}],
    [
      agents,
      'one, and when',
      'info',
      /^restic covers files \(03:00\)$/,
      cron('5 3 * * * root /usr/bin/restic backup /srv\n'),
    ],
    [
      agents,
      'two in one hour that do not freeze',
      'info',
      /restic.*BorgBackup/,
      cron('5 3 * * * root restic\n6 3 * * * root borg create\n'),
    ],
    [
      agents,
      'two that freeze',
      'warn',
      /Veeam Agent and a script .* from 03:00/,
      cron('5 3 * * * root fsfreeze -f /srv\n6 */3 * * * root veeamconfig job start\n'),
    ],
    [
      agents,
      'two that freeze, apart',
      'info',
      /Veeam Agent/,
      cron('5 3 * * * root fsfreeze -f /srv\n6 4 * * * root veeamconfig job start\n'),
    ],
    [
      agents,
      'Site Recovery by its driver, with its version, beside one whose hour is known',
      'info',
      /^Azure Site Recovery 9\.57\.7078\.1 covers all disks, all the time; a script .*When Azure Site Recovery freezes, nothing/,
      {
        files: {
          '/etc/cron.d/x': '5 3 * * * root fsfreeze -f /srv\n',
          '/proc/modules': 'involflt 1081344 3 - Live 0xffffffffc0a00000 (OE)\nxfs 1 1 - Live 0x0\n',
          '/usr/local/.vx_version': 'VERSION=9.57.7078.1\nPROD_VERSION=9.57.0.0\n',
        },
      },
    ],
    [
      agents,
      'Veeam, with the version of its package',
      'info',
      /^Veeam Agent 6\.3\.2\.1207 covers/,
      {
        files: processFiles(9, 'veeamservice', ['/usr/sbin/veeamservice', '--daemonize']),
        programs: { 'dpkg-query': { exitCode: 1, stdout: 'veeam\t6.3.2.1207\n', stderr: 'no packages found' } },
      },
    ],
    [
      agents,
      'the same by rpm',
      'info',
      /^Veeam Agent 6\.3\.2\.1207-1\.el9 covers/,
      {
        files: processFiles(9, 'veeamservice', ['/usr/sbin/veeamservice']),
        programs: { rpm: { stdout: 'veeam\t6.3.2.1207-1.el9\npackage veeam-nosnap is not installed\n' } },
      },
    ],
    [agents, 'none on Windows', 'pass', /none/, { platform: 'windows' }],
    [
      agents,
      'two of Microsoft on Windows',
      'info',
      /^MARS agent 2\.0\.9260\.0 covers files and folders, three times a day.*; Azure Site Recovery 9\.57\.1 covers.*nothing here tells$/,
      {
        platform: 'windows',
        registry: {
          [`${UNINSTALL}\\{1}\\DisplayName`]: sz('Microsoft Azure Recovery Services Agent'),
          [`${UNINSTALL}\\{1}\\DisplayVersion`]: sz('2.0.9260.0'),
          [`${UNINSTALL.replace('SOFTWARE', 'SOFTWARE\\WOW6432Node')}\\{2}\\DisplayName`]: sz(
            'Microsoft Azure Site Recovery Mobility Service/Master Target Server',
          ),
          [`${UNINSTALL.replace('SOFTWARE', 'SOFTWARE\\WOW6432Node')}\\{2}\\DisplayVersion`]: sz('9.57.1'),
          [`${UNINSTALL}\\{3}\\SystemComponent`]: { type: 'dword', data: 1 },
        },
      },
    ],
    [
      agents,
      'by timers',
      'info',
      /BorgBackup covers files \(02:00\)/,
      timers('Id=borgmatic.timer\nUnit=borgmatic.service\nNextElapseUSecRealtime=Sun 2026-11-22 02:07:11 UTC\n'),
    ],
    [
      agents,
      'by processes',
      'info',
      /Azure Site Recovery/,
      { files: processFiles(5, 'svagents', ['/usr/local/ASR/Vx/bin/svagents']) },
    ],
    [
      agents,
      "Azure's last visit",
      'warn',
      /Azure Backup and a script/,
      cron(`5 ${hourNow} * * * root lvcreate -s vg/data\n`, extension),
    ],
    [
      agents,
      'our own rehearsal',
      'warn',
      /a script .* and quiesced/,
      cron('5 3 * * * root lvcreate -s vg/data\n', {
        '/etc/quiesced/quiesced.conf': '[schedule]\nrehearsal = 30 3 * * sun\n',
      }),
    ],
    [agents, 'a configuration at fault', 'pass', /none/, { files: { '/etc/quiesced/quiesced.conf': '[what' } }],
  ],
);
