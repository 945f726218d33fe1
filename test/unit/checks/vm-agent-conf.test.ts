import { failing, PROGRAMS, type Row, scene, testRows, UNIT } from './agent-machine.ts';

const ROWS: readonly Row[] = [
  ['agent.extensions-enabled', 'y', 'pass', /=y/, scene()],
  ['agent.extensions-enabled', 'n', 'fail', /=n/, scene({ '/etc/waagent.conf': 'Extensions.Enabled=n\n' })],
  ['agent.extensions-enabled', 'no file to read', 'skip', /cannot be read/, scene({ '/etc/waagent.conf': undefined })],
  ['agent.autoupdate', 'on', 'pass', /on/, scene()],
  ['agent.autoupdate', 'off', 'warn', /AutoUpdate.Enabled=n/, scene({ '/etc/waagent.conf': 'AutoUpdate.Enabled=n\n' })],
  [
    'agent.autoupdate',
    'off by the newer key',
    'warn',
    /UpdateToLatestVersion=n/,
    scene({ '/etc/waagent.conf': 'AutoUpdate.UpdateToLatestVersion=n\n' }),
  ],

  ['agent.conf-syntax', 'clean', 'pass', /waagent.conf/, scene()],
  ['agent.conf-syntax', 'missing', 'fail', /does not start without/, scene({ '/etc/waagent.conf': undefined })],
  ['agent.conf-syntax', 'empty', 'fail', /sets nothing/, scene({ '/etc/waagent.conf': '# nothing\n' })],
  [
    'agent.conf-syntax',
    'odd',
    'warn',
    /line 2: a is set for the second time/,
    scene({ '/etc/waagent.conf': 'a=1\na=2\n' }),
  ],
  [
    'agent.conf-syntax',
    'in Flatcar’s place',
    'pass',
    /oem/,
    scene({ '/etc/waagent.conf': undefined, '/usr/share/oem/waagent.conf': 'a=1\n' }),
  ],

  ['agent.python', 'works', 'pass', /3\.11\.2/, scene()],
  [
    'agent.python',
    'distro is missing',
    'fail',
    /No module named/,
    scene({}, failing("Traceback\nModuleNotFoundError: No module named 'distro'\n")),
  ],
  [
    'agent.python',
    'the interpreter is missing',
    'fail',
    /\/opt\/python is missing/,
    scene({ '/usr/sbin/waagent': '#!/opt/python\n' }),
  ],
  [
    'agent.python',
    'none for the extension',
    'fail',
    /code 3/,
    scene({ '/usr/sbin/waagent': '', '/usr/bin/python3': undefined }),
  ],
  [
    'agent.python',
    'Python 2',
    'warn',
    /at its end/,
    scene({}, { programs: PROGRAMS(UNIT, 'WALinuxAgent-2.2.53.1 running on x\nPython: 2.7.5\n') }),
  ],
  [
    'agent.python',
    'no answer',
    'warn',
    /does not answer/,
    scene({}, { programs: { ...PROGRAMS(), '/usr/sbin/waagent': { ended: 'timed-out', exitCode: undefined } } }),
  ],

  ['agent.openssl', 'there', 'pass', /openssl/, scene()],
  ['agent.openssl', 'missing', 'fail', /missing/, scene({ '/usr/bin/openssl': undefined })],
  [
    'agent.openssl',
    'only where the agent looks',
    'fail',
    /PATH/,
    scene({ '/usr/bin/openssl': undefined, '/opt/openssl': '', '/etc/waagent.conf': 'OS.OpensslPath=/opt/openssl\n' }),
  ],
];

testRows(ROWS);
