/** What others have written where a proxy is looked for, and what we write there. */
import { unifiedDiff } from '../../../agent/cli/unified-diff.ts';
import {
  formatConnectionSettings,
  NO_CONNECTION,
  parseConnectionSettings,
  saysSame,
  withProxy,
} from '../../../agent/proxy/connection-settings.ts';
import { disagreements } from '../../../agent/proxy/disagreements.ts';
import { consumersOf, readPlaces } from '../../../agent/proxy/effective.ts';
import { parseEnvironment } from '../../../agent/proxy/environment.ts';
import { type LineFormat, withOurLines } from '../../../agent/proxy/marked-lines.ts';
import { planProxy } from '../../../agent/proxy/plan.ts';
import { recordFolder } from '../../../agent/proxy/record.ts';
import { proxySettings, urlOf } from '../../../agent/proxy/settings.ts';
import { shownLine, shownValue } from '../../../agent/proxy/shown.ts';
import { items } from '../../../agent/proxy/sources.ts';
import { environmentOf } from '../../../agent/proxy/unit-environment.ts';
import { bypassOf } from '../../../agent/proxy/windows-bypass.ts';
import { urlOfServer } from '../../../agent/proxy/windows-server.ts';
import { readRecord } from '../../../agent/system/change-record.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';

const ENVIRONMENT = 'PATH="/usr/bin:/bin"\nexport http_proxy="http://old.example:8080" # why\n\nno_proxy=localhost\r\n';
const MARKED = `A=b
# quiesced proxy, in place of: http_proxy=http://old
# quiesced proxy: from here (no line end before)
http_proxy=http://10.0.0.8:3128
# quiesced proxy: to here
`;
const UNIT =
  '[Service]\nEnvironment="http_proxy=http://h:1" A=1 \\\n  "B=100%% \\"x\\""\nEnvironmentFile=-/etc/environment\n';
const DNF = '[main]\nproxy = http://h:1\n[x]\nproxy=_none_\n';
const APT = 'Acquire::http::Proxy "http://h:1";\nAcquire { https { Proxy "x"; } }\n';
const SYSCONFIG = 'PROXY_ENABLED="no"\nHTTP_PROXY=""\nNO_PROXY="localhost, 127.0.0.1"\n';
const STEP = {
  path: '/etc/environment',
  before: { kind: 'file', text: 'A=b\n', mode: 420, owner: { uid: 0, gid: 0 } },
  after: { kind: 'file', text: 'A=c\n', mode: 420 },
};
const RECORD = JSON.stringify({
  schema: 1,
  underWay: { pid: 7, steps: [STEP] },
  done: [
    {
      at: '2026-03-01T03:00:00.000Z',
      wanted: '{}',
      steps: [STEP, { path: '/etc/x.d', after: { kind: 'folder', mode: 493 } }],
    },
  ],
  owed: [['systemctl', 'daemon-reload']],
});

const FORMAT: LineFormat = { isSetting: (line) => line.includes('http_proxy=') };
const OURS = ['http_proxy=http://10.0.0.8:3128'];

const PLACES = [
  '/etc/environment',
  '/etc/waagent.conf',
  '/etc/systemd/system/waagent.service',
  '/etc/systemd/system/waagent.service.d/10-site.conf',
  '/etc/apt/apt.conf.d/70debconf',
  '/etc/dnf/dnf.conf',
  '/etc/sysconfig/proxy',
];

/** Values of WinINet: never set, by a proxy, by a script. */
const CONNECTIONS = [
  `460000000200000009000000${'00'.repeat(44)}`,
  formatConnectionSettings(withProxy(NO_CONNECTION, { server: '10.0.0.8:3128', bypass: 'localhost;<local>' })),
  formatConnectionSettings({ ...NO_CONNECTION, flags: 5, script: 'http://wpad/wpad.dat' }),
];

export const proxyTargets: readonly FuzzTarget[] = [
  textTarget('proxy-connection', ['proxy/connection-settings.ts parseConnectionSettings'], CONNECTIONS, (text) => {
    const parsed = parseConnectionSettings(text);
    if (parsed === undefined) return;
    const again = parseConnectionSettings(formatConnectionSettings(parsed));
    mustHold(again !== undefined && saysSame(parsed, again), 'what is written is what was read');
    const set = withProxy(parsed, { server: 'h:1', bypass: '' });
    mustHold(!saysSame(set, { ...set, flags: 1 }) && set.counter <= 0xffff_ffff, 'a change is one, and is counted');
  }),
  textTarget(
    'proxy-windows-server',
    ['proxy/windows-server.ts urlOfServer'],
    ['10.0.0.8:3128', 'http=a:1;https=b:2', 'https=http://c:3'],
    (text) => mustHold(urlOfServer(text) !== '', 'an address, or none'),
  ),
  textTarget(
    'proxy-windows-bypass',
    ['proxy/windows-bypass.ts bypassOf'],
    ['*.a;10.*;<local>;[::1]', '*;1.2.*.*'],
    (text) => {
      mustHold(!bypassOf(text).some((item) => /[;\s]|\*./.test(item)), 'items, and no pattern but the one for all');
    },
  ),
  textTarget(
    'proxy-lines',
    ['proxy/marked-lines.ts withOurLines', 'cli/unified-diff.ts unifiedDiff'],
    [ENVIRONMENT, MARKED, MARKED.replace('# quiesced proxy: to here', ''), `${MARKED}${MARKED}`],
    (text) => {
      const once = withOurLines(text, OURS, FORMAT);
      const clean = withOurLines(text, [], FORMAT);
      mustHold(withOurLines(once, OURS, FORMAT) === once, 'a second time changes nothing');
      mustHold(withOurLines(once, [], FORMAT) === clean, 'what is taken out is what was put in');
      mustHold(withOurLines(clean, [], FORMAT) === clean, 'nothing of ours is left');
      unifiedDiff('/x', text, once);
    },
  ),
  textTarget(
    'proxy-address',
    [
      'proxy/settings.ts proxySettings',
      'proxy/sources.ts items',
      ...['shownValue', 'shownLine'].map((name) => `proxy/shown.ts ${name}`),
    ],
    ['http://10.0.0.8:3128', 'http://[fd00::8]:3128/', 'https://user:pass@proxy.example:1', 'a,.b, 10.0.0.0/8'],
    (text) => {
      shownValue(text);
      shownLine(`http_proxy=${text}`);
      const settings = proxySettings(text, items(text.slice(0, 100)).slice(0, 1), 'fuzz');
      mustHold(/^http:\/\/[\w.:[\]-]+:\d+$/.test(urlOf(settings)), 'what is taken needs no quotes');
    },
  ),
  {
    ...textTarget(
      'proxy-places',
      [
        'proxy/effective.ts readPlaces',
        'proxy/environment.ts parseEnvironment',
        'proxy/unit-environment.ts environmentOf',
      ],
      [ENVIRONMENT, UNIT, DNF, APT, SYSCONFIG],
      async (text) => {
        parseEnvironment(text);
        environmentOf(text);
        const system = memorySystem({ files: new Map(PLACES.map((path) => [path, text])) });
        disagreements(consumersOf(await readPlaces(system)));
      },
    ),
    oneIn: 10,
  },
  {
    ...textTarget(
      'proxy-record',
      ['system/change-record.ts readRecord', 'system/registry.ts isRegistryValue'],
      [RECORD],
      async (text) => {
        const system = memorySystem({ files: new Map([['/etc/environment', 'A=c\n']]) });
        const folder = recordFolder(system);
        const kept = memorySystem({ files: new Map([[`${folder}/record.json`, text]]) });
        await planProxy(system, { do: 'undo', force: true }, await readRecord(kept, folder));
      },
    ),
    oneIn: 10,
  },
];
