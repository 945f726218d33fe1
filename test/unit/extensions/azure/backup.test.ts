import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import t from 'tap';
import { readAzureScripts } from '../../../../agent/scripts/azure.ts';
import { REGISTRATION } from '../../../../agent/scripts/registration.ts';
import { applyChanges, describeChange } from '../../../../agent/system/changes.ts';
import { azureBackup, workloadIn } from '../../../../extensions/azure/backup.ts';
import { HELD_MARK } from '../../../../extensions/azure/registration-text.ts';
import { fakeSystem } from '../../../fakes/system.ts';

const SELF = ['/usr/lib/quiesced/bin/node', '/usr/lib/quiesced/quiesced.mjs'];
const CONFIG = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const HOST = '/etc/azure/VMSnapshotPluginHost.conf';
/** Not as JSON.stringify writes it, and with a byte that is no UTF-8: it must come back as it is. */
const THEIRS = `{"preScriptLocation" :"/opt/db/pre.sh","postScriptLocation":"/opt/db/post.sh",\r\n "preScriptParams": ["a","two words"],
 "timeoutInSeconds": 40, "continueBackupOnFailure": false, "note": "\xe4"}`;

function machine(files: Readonly<Record<string, string>> = {}) {
  const system = fakeSystem({ files });
  t.teardown(system.cleanUp);
  const put = (path: string, text: string, mode: number) => {
    mkdirSync(dirname(join(system.root, path)), { recursive: true });
    writeFileSync(join(system.root, path), text, 'latin1');
    chmodSync(join(system.root, path), mode);
  };
  const plan = (self: readonly string[] | undefined = SELF) => azureBackup.plan(system, self);
  const removal = () => azureBackup.plan(system, undefined);
  return {
    system,
    put,
    plan,
    removal,
    install: async () => applyChanges(system, (await plan()).changes),
    remove: async () => applyChanges(system, (await removal()).changes),
    mode: (path: string) => statSync(join(system.root, path)).mode & 0o7777,
  };
}

function withTheirs(config = THEIRS, mode = 0o400) {
  const made = machine();
  made.put('/opt/db/pre.sh', '#!/bin/sh\n', 0o700);
  made.put('/opt/db/post.sh', '#!/bin/sh\n', 0o700);
  made.put(CONFIG, config, mode);
  return made;
}

t.test('a machine without scripts: registered, the second time empty, and nothing left', async (t) => {
  const { system, plan, removal, install, remove } = machine();
  t.strictSame((await plan()).changes.map(describeChange), [
    'make the folder /etc/azure (0755)',
    `write ${REGISTRATION.pre} (0700)`,
    `write ${REGISTRATION.post} (0700)`,
    `write ${CONFIG} (0600)`,
  ]);
  await install();
  t.strictSame((await plan()).changes, [], 'once is enough');
  const config = JSON.parse((await system.readText(CONFIG)) ?? '');
  t.match(config, { preScriptLocation: REGISTRATION.pre, timeoutInSeconds: 900, continueBackupOnFailure: true });
  t.match(await system.readText(REGISTRATION.pre), /timeout -k 10 "\$limit" \/usr\/lib\/quiesced\/bin\/node .*\n/);
  const read = await readAzureScripts(system);
  t.match(read, { problems: [], freezeWanted: true, required: false }, 'the checks see it as valid');
  t.strictSame(read.scripts, [], 'and quiesced does not call itself');
  await remove();
  t.strictSame((await removal()).changes, []);
  t.equal(await system.list('/etc/azure'), undefined);
});

t.test("somebody's scripts become ours to run, and come back byte for byte", async (t) => {
  const { system, plan, install, remove, mode } = withTheirs();
  const before = await readAzureScripts(system);
  await install();
  t.strictSame((await plan()).changes, []);
  const after = await readAzureScripts(system);
  t.strictSame(after.scripts, before.scripts, 'the same, with the same arguments');
  t.equal(after.required, true, 'and the same say over the backup');
  t.equal(JSON.parse((await system.readText(CONFIG)) ?? '').continueBackupOnFailure, false);
  t.equal(mode(CONFIG), 0o600);
  await remove();
  t.equal(await system.readText(CONFIG, 'latin1'), THEIRS);
  t.equal(mode(CONFIG), 0o400);
  t.equal(await system.list('/etc/quiesced'), undefined);
  t.strictSame(await system.list('/etc/azure'), ['VMSnapshotScriptPluginConfig.json']);
});

t.test('a removal that broke off is made up', async (t) => {
  const { system, install, removal } = withTheirs();
  await install();
  const { changes } = await removal();
  for (const [done] of changes.entries()) {
    const other = withTheirs();
    await other.install();
    await applyChanges(other.system, changes.slice(0, done));
    await other.remove();
    t.equal(await other.system.readText(CONFIG, 'latin1'), THEIRS, `after ${done} steps`);
    t.equal(await other.system.readText(REGISTRATION.adopted), undefined);
  }
  t.ok(await system.readText(REGISTRATION.adopted));
});

t.test('what cannot be taken over is named, and nothing is planned', async (t) => {
  t.match(await refusal(withTheirs('{').plan()), { code: 'integrate.not-adopted' });
  const wide = withTheirs(THEIRS, 0o644);
  t.match(await refusal(wide.plan()), { code: 'integrate.not-adopted', remedy: /chmod 600/ }, 'it never ran');
  const plugins = withTheirs();
  plugins.put(HOST, '[pre_post]\nnumberOfPlugins: 2\npluginName1: x\npluginConfigPath1: /etc/azure/x.json\n', 0o600);
  t.match(await refusal(plugins.plan()), { code: 'integrate.plugins' });
  const edited = machine();
  await edited.install();
  edited.put(CONFIG, ((await edited.system.readText(CONFIG)) ?? '').replace('900', '90'), 0o600);
  t.match(await refusal(edited.plan()), { code: 'file.edited' });
  t.match(await refusal(edited.removal()), { code: 'file.edited' });
  const twice = withTheirs();
  await twice.install();
  await twice.system.remove(CONFIG);
  twice.put(CONFIG, THEIRS.replace('40', '41'), 0o600);
  t.match(await refusal(twice.plan()), { code: 'file.foreign' });
  const { changes, notes } = await twice.removal();
  t.notOk(changes.some((change) => 'path' in change && change.path === CONFIG));
  t.match(notes, [{ message: /stays; what stood there before/ }]);
});

t.test('a program that others could exchange is not what root will run', async (t) => {
  const { system, put, plan } = machine();
  put(SELF[1] ?? '', '', 0o644);
  chownSync(join(system.root, '/usr/lib/quiesced'), 1000, 1000);
  t.match(await refusal(plan()), { code: 'integrate.unsafe', message: /\/usr\/lib\/quiesced belongs to uid 1000/ });
});

t.test('not while applications are held, and with the limits of the host', async (t) => {
  const { put, plan } = machine();
  put(HOST, '[pre_post]\ntimeoutInSeconds: 60\n', 0o600);
  const { changes } = await plan();
  t.match(changes.at(-1), { text: /"timeoutInSeconds": 60,/ });
  t.match(changes[0], { text: /quiesced 45 hold --no-freeze/ });
  put(HELD_MARK, '', 0o600);
  t.match(await refusal(plan()), { code: 'integrate.held' });
});

t.test('what keeps it from being called, or from holding long enough, is told', async (t) => {
  const { notes } = await machine({
    '/etc/azure/workload.conf': '[workload]\nworkload_name = mysql\n',
    '/etc/quiesced/quiesced.conf': '[snapshot]\nquiesce-deadline = 60s\non-failure = abort\n',
  }).plan();
  t.match(notes, [{ message: /quiesce mysql by scripts of its own/ }, { message: /quiesce-deadline is 60s/ }]);
  t.equal(workloadIn('#workload_name = mysql\nworkload_name =\n'), undefined);
});

const refusal = (plan: Promise<unknown>): Promise<unknown> =>
  plan.then(
    () => 'planned',
    (error) => error,
  );
