import { LIB, later, PROGRAMS, type Row, scene, testRows, UNIT, unit } from './agent-machine.ts';
import { AZURE, ELSEWHERE } from './machine.ts';

const ROWS: readonly Row[] = [
  ['agent.installed', 'there', 'pass', /\/usr\/sbin\/waagent/, scene()],
  ['agent.installed', 'missing', 'fail', /missing/, {}],
  ['agent.installed', 'missing elsewhere', 'info', /no VM agent is needed/, { facts: ELSEWHERE }],
  ['agent.installed', 'there elsewhere', 'info', /does not need it/, scene({}, { facts: ELSEWHERE })],

  ['agent.running', 'active and enabled', 'pass', /walinuxagent.service, active, enabled/, scene()],
  ['agent.running', 'failed', 'fail', /is failed/, scene({}, unit(UNIT.replace('=active', '=failed')))],
  [
    'agent.running',
    'not enabled',
    'fail',
    /disabled.*missing after a restart/,
    scene({}, unit(UNIT.replace('enabled', 'disabled'))),
  ],
  ['agent.running', 'masked', 'fail', /masked/, scene({}, unit(UNIT.replace('=loaded', '=masked')))],
  ['agent.running', 'no systemd, daemon there', 'pass', /agent/, scene({}, { facts: { ...AZURE, systemd: false } })],
  [
    'agent.running',
    'no systemd, no daemon',
    'fail',
    /not running/,
    scene({ '/proc/51/cmdline': '' }, { facts: { ...AZURE, systemd: false } }),
  ],
  [
    'agent.running',
    'extension part is missing',
    'warn',
    /part that runs extensions/,
    scene({ '/proc/91/cmdline': '' }),
  ],
  [
    'agent.running',
    'started in its own folder',
    'warn',
    /takes itself for that version/,
    scene({ '/proc/51/cwd': `-> ${LIB}/WALinuxAgent-2.2.10` }),
  ],

  ['agent.heartbeat', 'fresh', 'pass', /\d s ago/, scene()],
  ['agent.heartbeat', 'status is stale, log is not', 'warn', /status is 40 min old/, scene({}, later(40))],
  [
    'agent.heartbeat',
    'only a log, within its period',
    'pass',
    /log 40 min ago/,
    scene({ [`${LIB}/waagent_status.2.json`]: undefined }, later(40)),
  ],
  ['agent.heartbeat', 'silent', 'fail', /5 h old/, scene({}, later(5 * 60))],
  [
    'agent.heartbeat',
    'status in the history (2.9 and later)',
    'pass',
    /\d s ago/,
    scene({
      [`${LIB}/waagent_status.2.json`]: undefined,
      '/var/log/waagent.log': undefined,
      [`${LIB}/history/2026-11-21T09/waagent_status.json`]: '{}',
    }),
  ],
  [
    'agent.heartbeat',
    'never',
    'warn',
    /neither/,
    scene({ [`${LIB}/waagent_status.2.json`]: undefined, '/var/log/waagent.log': undefined }),
  ],

  ['agent.version.linux', 'new enough', 'pass', /2\.11\.1\.4 \(package 2\.7\.3\.0\)/, scene()],
  [
    'agent.version.linux',
    'too old',
    'fail',
    /2\.2\.45; the least/,
    scene({}, { programs: PROGRAMS(UNIT, 'WALinuxAgent-2.2.45 running on x\n') }),
  ],
  [
    'agent.version.linux',
    'package is old, what runs is not',
    'warn',
    /package is not/,
    scene({}, { programs: PROGRAMS(UNIT, 'WALinuxAgent-2.2.45 running on x\nGoal state agent: 2.8.0.11\n') }),
  ],
  ['agent.version.linux', 'says nothing', 'warn', /does not tell/, scene({}, { programs: PROGRAMS(UNIT, '') })],
];

testRows(ROWS);
