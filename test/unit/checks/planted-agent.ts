import { EXTENSION, extension, failing, LIB, QUOTAS, THUMB } from './agent-machine.ts';
import { type Change, HEALTHY, systemctl, WAAGENT_CONF } from './healthy-machine.ts';
import { ages, type Fault, files, HOUR, programs, running } from './planted-fault.ts';

const unit = (active: string, enabled: string, load = 'loaded'): Change =>
  programs({
    systemctl: systemctl(
      `Id=walinuxagent.service\nLoadState=${load}\nActiveState=${active}\nUnitFileState=${enabled}\n`,
    ),
  });
const conf = (text: string): Change => files({ [WAAGENT_CONF]: text });
const version = (daemon: string, goalState: string): Change =>
  programs({
    '/usr/sbin/waagent': {
      stdout: `WALinuxAgent-${daemon} running on debian 12\nPython: 3.11.2\nGoal state agent: ${goalState}\n`,
    },
  });
const without = (...paths: readonly string[]): Change =>
  files(Object.fromEntries(paths.map((path) => [path, undefined])));
/** All that `/proc` shows of a process. */
const ended = (folder: string): readonly string[] =>
  Object.keys(HEALTHY.files).filter((path) => path.startsWith(`${folder}/`));

/** Every check that asks the agent something, in the order of the list. */
const OF_AGENT = [
  'agent.running',
  'agent.heartbeat',
  'agent.version.linux',
  'agent.python',
  'agent.openssl',
  'agent.conf-syntax',
  'agent.extensions-enabled',
  'agent.autoupdate',
  'agent.certs',
  'agent.extension-state',
  'agent.cgroup-quota',
  'agent.av-exclusions',
  'agent.package-origin',
];
const NOBODY = { exitCode: 1, stderr: 'dpkg-query: no path found matching pattern /usr/sbin/waagent\n' };
const OLD = { [`${LIB}/waagent_status.2.json`]: 3 * HOUR, '/var/log/waagent.log': 3 * HOUR };
const LOCKED = {
  '/proc/locks': '1: POSIX  ADVISORY  WRITE 777 08:01:2108 0 EOF\n',
  '/proc/777/comm': 'apt-get\n',
  '/proc/777/fdinfo/7': 'pos:\t0\nlock:\t1: POSIX  ADVISORY  WRITE 777 08:01:2108 0 EOF\n',
};

export const AGENT_FAULTS: readonly Fault[] = [
  {
    name: 'no waagent',
    plant: {
      ...without('/usr/sbin/waagent', ...ended('/proc/51'), ...ended('/proc/91')),
      ...programs({ systemctl: systemctl('Id=walinuxagent.service\nLoadState=not-found\nActiveState=inactive\n') }),
    },
    found: 'agent.installed',
    verdict: 'fail',
    detail: /missing/,
    hides: OF_AGENT,
  },
  {
    name: 'waagent stopped',
    plant: unit('inactive', 'enabled'),
    found: 'agent.running',
    verdict: 'fail',
    detail: /is inactive/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'waagent masked',
    plant: unit('inactive', 'masked', 'masked'),
    found: 'agent.running',
    verdict: 'fail',
    detail: /masked/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'waagent not started at boot',
    plant: unit('active', 'disabled'),
    found: 'agent.running',
    verdict: 'fail',
    detail: /disabled/,
    hides: ['agent.heartbeat'],
  },
  {
    name: 'its part for extensions has ended',
    plant: without(...ended('/proc/91')),
    found: 'agent.running',
    verdict: 'warn',
    detail: /not the part that runs extensions/,
  },
  { name: 'no sign of life for hours', plant: ages(OLD), found: 'agent.heartbeat', verdict: 'fail', detail: /3 h old/ },
  {
    name: 'a status that is not renewed',
    plant: ages({ ...OLD, '/var/log/waagent.log': HOUR / 2 }),
    found: 'agent.heartbeat',
    verdict: 'warn',
    detail: /status is 3 h old/,
  },
  {
    name: 'waagent 2.2.53, just too old',
    plant: version('2.2.53', '2.2.53'),
    found: 'agent.version.linux',
    verdict: 'fail',
    detail: /least .* 2\.2\.53\.1/,
  },
  {
    name: 'a package of 2020, which has updated itself',
    plant: version('2.2.45', '2.11.1.4'),
    found: 'agent.version.linux',
    verdict: 'warn',
    detail: /its package is not/,
  },
  {
    name: 'a Python without distro',
    plant: failing("ModuleNotFoundError: No module named 'distro'") as Change,
    found: 'agent.python',
    verdict: 'fail',
    detail: /No module named/,
    hides: ['agent.version.linux'],
  },
  {
    name: 'an interpreter that is gone',
    plant: files({ '/usr/sbin/waagent': '#!/usr/bin/python2.6\n' }),
    found: 'agent.python',
    verdict: 'fail',
    detail: /python2\.6 is missing/,
    hides: ['agent.version.linux'],
  },
  {
    name: 'no openssl',
    plant: without('/usr/bin/openssl'),
    found: 'agent.openssl',
    verdict: 'fail',
    detail: /openssl is missing/,
  },
  {
    name: 'Extensions.Enabled=n',
    plant: conf('Extensions.Enabled=n\nAutoUpdate.Enabled=y\n'),
    found: 'agent.extensions-enabled',
    verdict: 'fail',
    detail: /Enabled=n/,
  },
  {
    name: 'an inline comment',
    plant: conf('Extensions.Enabled=y # for the backup\n'),
    found: 'agent.conf-syntax',
    verdict: 'warn',
    detail: /line 1: .*comment behind its value/,
  },
  {
    name: 'line ends of Windows',
    plant: conf('Extensions.Enabled=y\r\n'),
    found: 'agent.conf-syntax',
    verdict: 'warn',
    detail: /carriage return/,
  },
  {
    name: 'no waagent.conf',
    plant: without(WAAGENT_CONF),
    found: 'agent.conf-syntax',
    verdict: 'fail',
    detail: /does not start without/,
    hides: ['agent.extensions-enabled', 'agent.autoupdate'],
  },
  {
    name: 'no updates of itself',
    plant: conf('AutoUpdate.Enabled=n\n'),
    found: 'agent.autoupdate',
    verdict: 'warn',
    detail: /AutoUpdate\.Enabled=n/,
  },
  {
    name: 'a certificate that is torn',
    plant: files({ [`${LIB}/TransportCert.pem`]: '-----BEGIN' }),
    found: 'agent.certs',
    verdict: 'fail',
    detail: /not a certificate: TransportCert/,
  },
  {
    name: 'a key that is gone',
    plant: without(`${LIB}/${THUMB}.prv`),
    found: 'agent.certs',
    verdict: 'warn',
    detail: /key for the settings/,
  },
  {
    name: '5 % of a CPU',
    plant: programs({ systemctl: systemctl(undefined, QUOTAS('50ms')) }),
    found: 'agent.cgroup-quota',
    verdict: 'warn',
    detail: /azure\.slice 5 %/,
  },
  {
    name: 'a backup that failed',
    plant: files(extension('Enabled', '307')),
    found: 'agent.extension-state',
    verdict: 'warn',
    detail: /code 307/,
  },
  {
    name: 'a backup that died',
    plant: { ...files(extension('Enabled', '4')), ...ages({ [`${EXTENSION}/status/7.status`]: 5 * HOUR }) },
    found: 'agent.extension-state',
    verdict: 'warn',
    detail: /for 5 hours/,
  },
  {
    name: 'another backup',
    plant: running('/usr/local/ASR/Vx/bin/svagents'),
    found: 'agent.other-backup',
    verdict: 'warn',
    detail: /Azure Site Recovery/,
  },
  {
    name: 'an agent from its source',
    plant: programs({ dpkg: NOBODY }),
    found: 'agent.package-origin',
    verdict: 'warn',
    detail: /no package has/,
  },
  {
    name: 'an upgrade at work',
    plant: files({ ...LOCKED, '/proc/777/fd/7': '-> $ROOT/var/lib/dpkg/lock-frontend' }),
    found: 'agent.updating',
    verdict: 'warn',
    detail: /apt-get \(process 777\)/,
  },
  {
    name: 'a virus scanner',
    plant: running('/usr/sbin/clamd'),
    found: 'agent.av-exclusions',
    verdict: 'info',
    detail: /ClamAV/,
  },
];

export const AGENT_ENOUGH: readonly (readonly [name: string, plant: Change])[] = [
  ['waagent 2.2.53.1, the oldest that is supported', version('2.2.53.1', '2.2.53.1')],
  [
    'a status that is nine minutes old, whatever the log',
    ages({ ...OLD, [`${LIB}/waagent_status.2.json`]: 9 * 60_000 }),
  ],
  ['10 % of a CPU', programs({ systemctl: systemctl(undefined, QUOTAS('100ms')) })],
];
