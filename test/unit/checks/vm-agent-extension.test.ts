import {
  EXTENSION,
  extension,
  LIB,
  later,
  PEM,
  PROGRAMS,
  QUOTAS,
  type Row,
  scene,
  settings,
  THUMB,
  testRows,
  UNIT,
  VERSION,
} from './agent-machine.ts';
import { AZURE, processFiles } from './machine.ts';

const ROWS: readonly Row[] = [
  ['agent.certs', 'valid', 'pass', /TransportCert.pem until 2056-11-13/, scene()],
  ['agent.certs', 'expired', 'fail', /expired/, scene({}, { now: new Date('2060-01-01') })],
  ['agent.certs', 'none', 'warn', /no certificate yet/, scene({ [`${LIB}/TransportCert.pem`]: undefined })],
  ['agent.certs', 'broken', 'fail', /not a certificate/, scene({ [`${LIB}/TransportCert.pem`]: 'x' })],
  [
    'agent.certs',
    'key is gone',
    'warn',
    /VMSnapshotLinux.*cannot be opened/,
    scene({ [`${EXTENSION}/config/1.settings`]: settings(THUMB) }),
  ],
  [
    'agent.certs',
    'key is there',
    'pass',
    /93525242…/,
    scene({
      [`${EXTENSION}/config/1.settings`]: settings(THUMB),
      [`${LIB}/${THUMB}.crt`]: PEM,
      [`${LIB}/${THUMB}.prv`]: '',
    }),
  ],
  ['agent.certs', 'an old one that nobody uses', 'pass', /Transport/, scene({ [`${LIB}/${THUMB}.crt`]: 'rubbish' })],
  ['agent.certs', 'without root', 'skip', /root/, scene({}, { privileged: false })],

  ['agent.extension-state', 'not installed', 'info', /not installed yet/, scene()],
  ['agent.extension-state', 'done', 'pass', /code 1: file-system-consistent/, scene(extension('Enabled', '1'))],
  ['agent.extension-state', 'installed, no backup yet', 'pass', /no backup yet/, scene(extension('Enabled'))],
  [
    'agent.extension-state',
    'a last word that is not understood',
    'skip',
    /9\.status is not understood/,
    scene({ ...extension('Enabled'), [`${EXTENSION}/status/9.status`]: '[{"status": {' }),
  ],
  [
    'agent.extension-state',
    'what the agent says in its place, which never began',
    'warn',
    /at work for 5 hours/,
    scene(
      {
        ...extension('Enabled'),
        [`${EXTENSION}/status/9.status`]: JSON.stringify([
          { version: 1, status: { status: 'transitioning', operation: 'Enabling Extension', code: 0 } },
        ]),
      },
      later(5 * 60),
    ),
  ],
  ['agent.extension-state', 'failed upgrade', 'warn', /FailedUpgrade/, scene(extension('FailedUpgrade'))],
  [
    'agent.extension-state',
    'freeze failed',
    'warn',
    /code 121: file systems could not be frozen/,
    scene(extension('Enabled', '121')),
  ],
  [
    'agent.extension-state',
    'an unknown code',
    'warn',
    /code 999: in its own words/,
    scene(extension('Enabled', '999')),
  ],
  ['agent.extension-state', 'at work', 'info', /still at work/, scene(extension('Enabled', '4'))],
  [
    'agent.extension-state',
    'stuck',
    'warn',
    /5 hours: that run has died/,
    scene(extension('Enabled', '4'), later(5 * 60)),
  ],
  [
    'agent.extension-state',
    'the newest version counts',
    'warn',
    /1\.0\.10200\.0 is NotInstalled/,
    scene({
      ...extension('Enabled', '1'),
      [`${EXTENSION.replace('9184', '10200')}/config/HandlerState`]: 'NotInstalled',
    }),
  ],

  ['agent.cgroup-quota', 'no limit', 'pass', /no limit/, scene()],
  [
    'agent.cgroup-quota',
    'half a CPU',
    'pass',
    /50 %/,
    scene({}, { programs: PROGRAMS(UNIT, VERSION, QUOTAS('500ms')) }),
  ],
  [
    'agent.cgroup-quota',
    'too little',
    'warn',
    /azure.slice 5 %/,
    scene({}, { programs: PROGRAMS(UNIT, VERSION, QUOTAS('50ms')) }),
  ],
  ['agent.cgroup-quota', 'no systemd', 'skip', /systemd/, scene({}, { facts: { ...AZURE, systemd: false } })],

  ['agent.av-exclusions', 'none', 'pass', /none/, scene()],
  [
    'agent.av-exclusions',
    'Defender',
    'info',
    /Microsoft Defender/,
    scene(processFiles(7, 'wdavdaemon', ['/opt/microsoft/mdatp/sbin/wdavdaemon'])),
  ],
  ['agent.other-backup', 'none', 'pass', /none/, scene()],
  [
    'agent.other-backup',
    'Veeam',
    'warn',
    /Veeam Agent/,
    scene(processFiles(7, 'veeamservice', ['/usr/sbin/veeamservice'])),
  ],
];

testRows(ROWS);
