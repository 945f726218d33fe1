import t from 'tap';
import { appChecks } from '../../../agent/checks/apps.ts';
import { databaseChecks } from '../../../agent/checks/apps-databases.ts';
import { scriptConfigIsValid } from '../../../agent/checks/apps-scripts.ts';
import { AZURE, find } from './machine.ts';
import { findPrepared, type Prepared, testPrepared } from './prepared-machine.ts';

const JSON_FILE = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const HOST_FILE = '/etc/azure/VMSnapshotPluginHost.conf';
const PRE = '/opt/db/pre.sh';
const POST = '/opt/db/post.sh';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PLUGIN = '[pre_post]\nnumberOfPlugins: 1\npluginName0: Mine\n';
const BASH = '#!/bin/bash\n\na=(1 2)\n';
const NOW = new Date('2026-11-21T12:00:00Z');

interface Changes {
  readonly config?: object | string;
  readonly files?: Readonly<Record<string, string>>;
  readonly modes?: Readonly<Record<string, number>>;
  readonly ages?: Readonly<Record<string, number>>;
  readonly more?: Prepared;
}

/** A machine with a pre and a post script for Azure, as its documents tell to set it up, but for the changes. */
function azure({ config = {}, files = {}, modes = {}, ages = {}, more = {} }: Changes = {}): Prepared {
  const locations = { preScriptLocation: PRE, postScriptLocation: POST };
  const text = typeof config === 'string' ? config : JSON.stringify({ ...locations, ...config });
  const sh = '#!/bin/sh\nexit 0\n';
  const all = { [JSON_FILE]: text, [PRE]: sh, [POST]: sh, '/bin/dash': '', '/bin/sh': '-> dash', ...files };
  return {
    now: NOW,
    files: all,
    modes: { [JSON_FILE]: 0o600, [PRE]: 0o700, [POST]: 0o700, ...modes },
    ages: { ...Object.fromEntries([JSON_FILE, PRE, POST].map((path) => [path, 90 * DAY])), ...ages },
    ...more,
  };
}

const script = (text: string, changes: Changes = {}): Prepared => azure({ ...changes, files: { [PRE]: text } });
const own = (text: string, files: Readonly<Record<string, string>> = {}): Prepared => ({
  files: { '/etc/quiesced/quiesced.conf': text, ...files },
});
const oneDisk = { '/sys/block/sda/device': 'x', '/sys/block/loop0/size': '8', '/sys/block/sr0/device': 'x' };
const temporary = { '/sys/block/sdb/device': 'x', '/dev/disk/cloud/azure_resource': '-> ../../sdb' };

const owed = (phases: object, more: Prepared = {}): Prepared => ({
  ...more,
  files: {
    '/run/quiesced/lock': '{}',
    '/var/lib/quiesced/owed.json': JSON.stringify({
      schema: 1,
      runs: [{ bootId: 'b', run: { id: 'i', kind: 'snapshot', taker: 'none', startedAt: '2026-11-20' }, phases }],
    }),
  },
});
const post = { path: POST, args: [] };
const entry = {
  runId: 'i',
  script: { source: 'azure', name: 'ScriptRunner', post, timeoutMs: 1, preRetries: 0, postRetries: 0, required: false },
};

const ran = (ageMs: number, change: object = {}) =>
  JSON.stringify({
    kind: 'rehearsal',
    taker: 'none',
    startedAt: new Date(NOW.getTime() - ageMs).toISOString(),
    faults: [],
    consistency: 'none',
    wouldBe: 'file-system',
    ...change,
  });
const history = (lines: readonly string[], changes: Changes = {}): Prepared =>
  azure({ ...changes, files: { '/var/lib/quiesced/history.jsonl': `${lines.join('\n')}\n` } });

const config = 'app.script-config';
const perm = 'app.script-perm';
const shebang = 'app.script-shebang';
const timeout = 'app.script-timeout';
const policy = 'app.script-policy';
const pending = 'app.post-pending';
const age = 'app.rehearsal-age';
const workload = 'app.workload-conf';
const workloadConf = (text: string) => ({ files: { '/etc/azure/workload.conf': `[workload]\n${text}` } });

// For those of databases servers have to run, or to seem to: planted-databases.ts.
const alone = appChecks.filter((check) => !databaseChecks.includes(check));
testPrepared(alone, [
  [config, 'nothing', 'pass', /no scripts/, {}],
  [config, "Azure's", 'pass', /found: ScriptRunner/, azure()],
  [config, 'not JSON', 'fail', /PluginConfig.json:1: this is not JSON/, azure({ config: '{' })],
  [config, 'a wrong number', 'fail', /timeoutInSeconds must be/, azure({ config: { timeoutInSeconds: 'soon' } })],
  [config, 'a missing script', 'fail', /names \/opt\/no/, azure({ config: { preScriptLocation: '/opt/no' } })],
  [config, 'a broken host file', 'fail', /PluginHost.conf:1/, azure({ files: { [HOST_FILE]: 'timeout' } })],
  [config, "a plugin of somebody's", 'fail', /names the plugin Mine/, azure({ files: { [HOST_FILE]: PLUGIN } })],
  [config, 'our own file is wrong', 'fail', /quiesced.conf/, own('[scripts]\npre = yes\n')],
  [config, 'our own script is missing', 'fail', /\/opt\/gone does not exist/, own('[scripts]\npre = /opt/gone\n')],
  [perm, 'as it should be', 'pass', /root/, azure()],
  [perm, 'the file is open', 'fail', /mode 0644/, azure({ modes: { [JSON_FILE]: 0o644 } })],
  [perm, 'the script is open', 'fail', /mode 0755/, azure({ modes: { [PRE]: 0o755 } })],
  [perm, 'the folder above is open', 'fail', /\/opt\/db is writable by group/, azure({ modes: { '/opt/db': 0o775 } })],
  [perm, "somebody else's", 'fail', /uid 1000/, azure({ more: { owners: { [POST]: 1000 } } })],
  [perm, 'a hook that does not run', 'warn', /10-db/, own('', { '/etc/quiesced/hooks.d/10-db': '#!/bin/sh\n' })],
  [
    perm,
    'leftovers in hooks.d',
    'pass',
    /root/,
    own('', { '/etc/quiesced/hooks.d/README': '', '/etc/quiesced/hooks.d/a.bak': '' }),
  ],
  [workload, 'none', 'pass', /asks for nothing/, {}],
  [workload, 'MySQL', 'pass', /^MySQL is held/, workloadConf('workload_name = mysql\nlinux_user = mysql\n')],
  [workload, 'what nobody knows', 'warn', /db2 is not known/, workloadConf('workload_name = db2\n')],
  [shebang, 'for sh', 'pass', /2 looked at/, azure()],
  [shebang, 'none', 'pass', /no scripts/, {}],
  [shebang, 'from Windows', 'warn', /CRLF/, script('#!/bin/sh\r\nexit 0\r\n')],
  [shebang, 'partly from Windows', 'warn', /CRLF/, script('#!/bin/sh\nexit 0\r\n')],
  [shebang, 'no interpreter', 'warn', /\/no\/such/, script('#!/no/such\n')],
  [shebang, 'Python', 'warn', /is for python3/, script('#!/usr/bin/python3\nimport sys\n')],
  [shebang, 'bash in a script for sh', 'warn', /pre.sh:2 uses \[\[/, script('#!/bin/sh\n[[ -f x ]]\n')],
  [shebang, 'bash that Azure runs with sh', 'warn', /extension runs it with sh, which is dash/, script(BASH)],
  [shebang, 'the same where sh is bash', 'pass', /looked at/, azure({ files: { [PRE]: BASH, '/bin/sh': '-> bash' } })],
  [shebang, 'bash that POSIX knows', 'pass', /looked at/, script('#!/bin/bash\n[ -f x ] && echo "$1"\n')],
  [timeout, 'as documented', 'pass', /at most/, azure({ config: { timeoutInSeconds: 30 } })],
  [timeout, 'none', 'pass', /no scripts/, {}],
  [timeout, 'the longest', 'pass', /64 min/, azure({ config: { timeoutInSeconds: 1800 } })],
  [timeout, 'too long', 'warn', /asks for 1801 s/, azure({ config: { timeoutInSeconds: 1801 } })],
  [
    timeout,
    'longer than the host file',
    'warn',
    /allows 60 s/,
    azure({ config: { timeoutInSeconds: 61 }, files: { [HOST_FILE]: '[pre_post]\ntimeoutInSeconds: 60\n' } }),
  ],
  [timeout, 'many that take long', 'warn', /after 140 min/, manyHooks()],
  [policy, 'none', 'pass', /no scripts/, {}],
  [policy, 'goes on', 'pass', /lesser/, azure({ files: oneDisk })],
  [
    policy,
    'strict, two disks',
    'pass',
    /there is none/,
    azure({ config: { continueBackupOnFailure: false }, files: { ...oneDisk, '/sys/block/sdc/device': 'x' } }),
  ],
  [
    policy,
    'strict, one disk',
    'info',
    /one disk/,
    azure({ config: { continueBackupOnFailure: false }, files: { ...oneDisk, ...temporary } }),
  ],
  [policy, 'without a freeze', 'info', /turns the freeze off/, azure({ config: { fsFreezeEnabled: false } })],
  [pending, 'nothing on record', 'pass', /nothing/, {}],
  [pending, 'a run that owes nothing', 'pass', /nothing/, owed({})],
  [
    pending,
    'a post script',
    'fail',
    /snapshot of 2026-11-20 still owes: post script ScriptRunner/,
    owed({ prepare: [entry] }),
  ],
  [pending, 'an application', 'fail', /applications that are held/, owed({ quiesce: ['pg'] })],
  [
    pending,
    'of a run at work',
    'info',
    /at work now/,
    owed({ prepare: [entry] }, { locked: { path: '/run/quiesced/lock', pid: 77, command: 'quiesced' } }),
  ],
  [pending, 'a broken record', 'fail', /cannot be read/, { files: { '/var/lib/quiesced/owed.json': '{' } }],
  [age, 'lately', 'pass', /3 days ago/, history([ran(3 * DAY)])],
  [age, 'for real', 'pass', /taken today/, history([ran(HOUR, { kind: 'snapshot', consistency: 'crash' })])],
  [age, 'too long ago', 'warn', /31 days ago/, history([ran(31 * DAY)])],
  [age, 'with a fault since', 'warn', /31 days ago/, history([ran(31 * DAY), ran(DAY, { faults: [{}] })])],
  [age, 'of nothing', 'warn', /no snapshot was rehearsed/, history([ran(DAY, { wouldBe: 'none' })])],
  [age, 'in the sandbox only', 'warn', /no snapshot was rehearsed/, history([ran(DAY, { taker: 'sandbox' })])],
  [age, 'before a change', 'warn', /pre.sh was changed since/, history([ran(3 * DAY)], { ages: { [PRE]: DAY } })],
  [age, 'never, with scripts', 'warn', /nobody knows whether/, azure()],
  [age, 'never, and nothing to try', 'info', /no snapshot/, {}],
]);

function manyHooks(): Prepared {
  const paths = ['1', '2', '3'].map((name) => `/etc/quiesced/hooks.d/${name}`);
  const hooks = Object.fromEntries(paths.map((path) => [path, '#!/bin/sh\n']));
  return {
    ...own('[scripts]\ntimeout = 30m\n', hooks),
    modes: Object.fromEntries(paths.map((path) => [path, 0o755])),
  };
}

t.test('remedies can be pasted', async (t) => {
  const check = appChecks.find(({ id }) => id === perm);
  const finding = check && (await findPrepared(check, azure({ modes: { [PRE]: 0o755 } })));
  t.equal(finding?.remedy, `$ chmod 700 ${PRE}`);
});

t.test('many faults: as many as can be read', async (t) => {
  const wrong = { timeoutInSeconds: 0, fsFreezeEnabled: 3, preScriptNoOfRetries: 'x', preScriptParams: 1 };
  const { detail } = await findPrepared(scriptConfigIsValid, azure({ config: wrong }));
  t.match(detail, /; and 1 more$/);
});

t.test('without root, and on a disk of another machine', async (t) => {
  for (const check of appChecks) {
    t.match(
      await find(check, { privileged: false, facts: AZURE }),
      { verdict: 'skip', detail: 'needs root' },
      check.id,
    );
  }
});
