import {
  type Change,
  CONF,
  HISTORY,
  imdsAnswer,
  POST,
  PRE,
  rehearsed,
  scriptConfig,
  systemctl,
} from './healthy-machine.ts';
import { ages, type Fault, files, HOUR, programs, running } from './planted-fault.ts';

const DAY = 24 * HOUR;
/** With a text in place of the pre script's; as old as the other one. */
const pre = (text: string): Change => ({ ...files({ [PRE]: text }), modes: { [PRE]: 0o700 } });
const configured = (change: object): Change => ({
  ...files({ [CONF]: scriptConfig(change) }),
  modes: { [CONF]: 0o600 },
});
const mode = (path: string, bits: number): Change => ({ modes: { [path]: bits } });
const OF_SCRIPTS = ['app.script-shebang', 'app.script-timeout', 'app.script-policy'];
const OWED = {
  schema: 1,
  runs: [{ bootId: 'b', run: { id: 'i', kind: 'snapshot', startedAt: '2026-11-20' }, phases: { quiesce: ['pg'] } }],
};

export const APP_FAULTS: readonly Fault[] = [
  {
    name: 'a file that is not JSON',
    plant: files({ [CONF]: '{"preScriptLocation": ' }),
    found: 'app.script-config',
    verdict: 'fail',
    detail: /not JSON/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a script that is gone',
    plant: configured({ preScriptLocation: '/opt/db/gone.sh' }),
    found: 'app.script-config',
    verdict: 'fail',
    detail: /gone\.sh/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'our own file is wrong',
    plant: files({ '/etc/quiesced/quiesced.conf': '[snapshot]\nfrozen-deadline = soon\n' }),
    found: 'app.script-config',
    verdict: 'fail',
    detail: /quiesced\.conf:2/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a script that its group may write',
    plant: mode(PRE, 0o720),
    found: 'app.script-perm',
    verdict: 'fail',
    detail: /pre\.sh .*mode 0720/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a folder above that everybody may write',
    plant: mode('/opt/db', 0o777),
    found: 'app.script-perm',
    verdict: 'fail',
    detail: /\/opt\/db is writable by group and others/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a file of passwords that all may read',
    plant: mode(CONF, 0o644),
    found: 'app.script-perm',
    verdict: 'fail',
    detail: /mode 0644/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a CRLF shebang',
    plant: pre('#!/bin/sh\r\nexit 0\r\n'),
    found: 'app.script-shebang',
    verdict: 'warn',
    detail: /CRLF/,
  },
  {
    name: 'an interpreter that is not there',
    plant: pre('#!/usr/bin/python2\n'),
    found: 'app.script-shebang',
    verdict: 'warn',
    detail: /python2/,
  },
  {
    name: 'bash for sh, which is dash',
    plant: pre('#!/bin/sh\n[[ -f x ]]\n'),
    found: 'app.script-shebang',
    verdict: 'warn',
    detail: /pre\.sh:2 uses \[\[/,
  },
  {
    name: 'a script that asks for 1801 s',
    plant: configured({ timeoutInSeconds: 1801 }),
    found: 'app.script-timeout',
    verdict: 'warn',
    detail: /1801 s/,
  },
  {
    name: 'a script that turns the freeze off',
    plant: configured({ fsFreezeEnabled: false }),
    found: 'app.script-policy',
    verdict: 'info',
    detail: /turns the freeze off/,
  },
  {
    name: 'a workload.conf for what nobody knows',
    plant: files({ '/etc/azure/workload.conf': '[workload]\nworkload_name = db2\n' }),
    found: 'app.workload-conf',
    verdict: 'warn',
    detail: /db2 is not known/,
  },
  {
    name: 'an application that is still held',
    plant: files({ '/var/lib/quiesced/owed.json': JSON.stringify(OWED) }),
    found: 'app.post-pending',
    verdict: 'fail',
    detail: /applications that are held/,
  },
  {
    name: 'a rehearsal 31 days ago',
    plant: files({ [HISTORY]: rehearsed(31 * DAY) }),
    found: 'app.rehearsal-age',
    verdict: 'warn',
    detail: /31 days ago/,
  },
  {
    name: 'a script that was changed since',
    plant: ages({ [POST]: HOUR }),
    found: 'app.rehearsal-age',
    verdict: 'warn',
    detail: /post\.sh was changed since/,
  },
];

export const RESTORE_FAULTS: readonly Fault[] = [
  {
    name: 'two network adapters',
    plant: { ...files({ '/sys/class/net/eth1/device/vendor': '0x1414\n' }), imds: imdsAnswer({}, undefined, 0, 2) },
    found: 'restore.nic-count',
    verdict: 'info',
    detail: /2 network adapters/,
  },
  {
    name: 'a domain controller',
    plant: files({ '/etc/samba/smb.conf': '[global]\nserver role = active directory domain controller\n' }),
    found: 'restore.domain-controller',
    verdict: 'info',
    detail: /domain controller/,
  },
];

const asSystemctl = (time: Date): string => {
  const day = time.toLocaleDateString('en', { weekday: 'short', timeZone: 'UTC' });
  return `${day} ${time.toISOString().slice(0, 19).replace('T', ' ')} UTC`;
};
/** Not this hour: the file that Azure's extension has left here is as old as the test, and tells its hour. */
const THEN = new Date();
THEN.setHours((THEN.getHours() + 5) % 24, 15, 0, 0);
const HOUR_THEN = THEN.getHours();
const FROM_THEN = new RegExp(`in the hour from ${String(HOUR_THEN).padStart(2, '0')}:00`);
const TWO = `5 ${HOUR_THEN} * * * root fsfreeze -f /srv\n30 ${HOUR_THEN} * * * root veeamconfig job start\n`;
const CREDENTIALS = '/home/ann/db.VaultCredentials';
const LOCK = '/etc/azure/MicrosoftRecoverySvcsSafeFreezeLock/SafeFreezeLockFile';
const TIMERS = ['fsfreeze', 'rubrik'].map(
  (name) => `Id=${name}.timer\nUnit=${name}.service\nNextElapseUSecRealtime=${asSystemctl(THEN)}\n`,
);

export const OTHER_FAULTS: readonly Fault[] = [
  {
    name: 'two that freeze in one hour',
    plant: files({ '/etc/cron.d/backups': TWO }),
    found: 'other.backup-agents',
    verdict: 'warn',
    detail: FROM_THEN,
  },
  {
    name: 'the same by timers',
    plant: programs({ systemctl: systemctl(undefined, undefined, TIMERS.join('\n')) }),
    found: 'other.backup-agents',
    verdict: 'warn',
    detail: FROM_THEN,
  },
  {
    name: 'credentials of a vault',
    plant: programs({ find: async () => ({ stdout: `${Date.now() / 1000 - 60} ${CREDENTIALS}\0` }) }),
    found: 'other.vault-credentials',
    verdict: 'warn',
    detail: /ann\/db\.VaultCredentials/,
  },
  {
    name: 'credentials that have expired',
    plant: programs({ find: async () => ({ stdout: `${(Date.now() - 50 * HOUR) / 1000} ${CREDENTIALS}\0` }) }),
    found: 'other.vault-credentials',
    verdict: 'info',
    detail: /expired 48 hours after the download, .*db\.VaultCredentials \(50 h old\)/,
  },
  {
    name: 'Veeam in the hour of a script',
    plant: {
      ...files({
        '/etc/cron.d/veeam': `5 ${HOUR_THEN} * * * root veeamconfig job start\n`,
        '/etc/cron.d/lvm': `40 ${HOUR_THEN} * * * root lvcreate --snapshot --size 1G --name s vg/data\n`,
      }),
    },
    found: 'other.backup-agents',
    verdict: 'warn',
    detail: /Veeam Agent and a script with fsfreeze or lvcreate both freeze/,
  },
  {
    name: "QEMU's guest agent",
    plant: running('/usr/sbin/qemu-ga'),
    found: 'other.freezers',
    verdict: 'warn',
    detail: /qemu-ga may freeze/,
  },
  {
    name: "Microsoft's extension at work",
    plant: files({
      [LOCK]: '',
      '/proc/locks': '1: POSIX  ADVISORY  WRITE 777 08:01:2108 0 EOF\n',
      '/proc/777/comm': 'python3\n',
      '/proc/777/fdinfo/7': 'pos:\t0\nlock:\t1: POSIX  ADVISORY  WRITE 777 08:01:2108 0 EOF\n',
      '/proc/777/fd/7': `-> $ROOT${LOCK}`,
    }),
    found: 'other.freezers',
    verdict: 'warn',
    detail: /python3 \(process 777\) freezes file systems right now/,
  },
];
