import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { applyChanges } from '../../agent/system/changes.ts';
import { localSystem } from '../../agent/system/local.ts';
import { azureBackup } from '../../extensions/azure/backup.ts';
import { HELD_MARK } from '../../extensions/azure/registration-text.ts';
import { until } from '../system/loop-observe.ts';
import { checkTest, conforms, MAIN, type Rig } from './check-rig.ts';

const CONFIG = '/etc/azure/VMSnapshotScriptPluginConfig.json';
const INTEGRATE = ['integrate', 'azure-backup'] as const;

checkTest('registered, seen as valid by the checks, and taken out', async (t, rig) => {
  adoptable(rig, 0);
  const before = rig.read(CONFIG);
  const applied = await rig.run(...INTEGRATE, '--json');
  conforms(t, 'integration', applied.json);
  t.match(applied, { code: 0, json: { integration: 'azure-backup', wanted: true, applied: true } }, applied.stderr);
  t.not(rig.read(CONFIG), before);
  const { json } = await rig.run('check', '--json', '--only', 'app.script-*');
  for (const { id, verdict, detail } of json.findings) t.match(verdict, /pass|info/, `${id}: ${detail}`);
  t.ok(json.findings.length >= 4);
  t.equal((await rig.run(...INTEGRATE, '--remove')).code, 0);
  t.equal(rig.read(CONFIG), before);
});

checkTest("around the extension's freeze the adopted scripts run, with their arguments", async (t, rig) => {
  adoptable(rig, 0);
  await install(rig);
  t.equal(extensionRuns(rig, 'pre'), 0);
  t.equal(rig.read('/ran'), 'pre a two words\n');
  t.match((await rig.run('status', '--json')).json, { run: { state: 'held', kind: 'hold' }, frozen: [] });
  t.match((await rig.run(...INTEGRATE, '--remove', '--json')).json, { error: { code: 'integrate.held' } });
  t.equal(extensionRuns(rig, 'post'), 0);
  t.equal(rig.read('/ran'), 'pre a two words\npost\n');
  t.not(extensionRuns(rig, 'post'), 0, 'nothing is held, so a second post says so');
  t.equal(rig.read('/ran'), 'pre a two words\npost\n');
});

checkTest('less than all is no success, and what is held is let go', async (t, rig) => {
  adoptable(rig, 1);
  rig.put('/etc/quiesced/quiesced.conf', '[snapshot]\non-failure = continue\n');
  await install(rig);
  t.not(extensionRuns(rig, 'pre'), 0, 'the extension must not call this application-consistent');
  t.not(extensionRuns(rig, 'post'), 0);
  t.equal((await rig.run('status', '--json')).json.run, undefined);
});

checkTest('a post call that comes too late says so, and one that never comes is no disaster', async (t, rig) => {
  adoptable(rig, 0);
  rig.put('/etc/quiesced/quiesced.conf', '[snapshot]\nfrozen-deadline = 1s\nquiesce-deadline = 6s\n');
  await install(rig);
  t.equal(extensionRuns(rig, 'pre'), 0);
  t.ok(await until(() => rig.read('/ran').includes('post'), 30_000), 'let go by itself');
  t.not(extensionRuns(rig, 'post'), 0, 'the hold had expired');
  await until(() => rig.read('/var/lib/quiesced/history.jsonl') !== '');
});

checkTest('where quiesced has gone, the extension is told', async (t, rig) => {
  await install(rig, ['/nowhere/quiesced']);
  t.not(extensionRuns(rig, 'pre'), 0);
  t.notOk(existsSync(join(rig.root, HELD_MARK)));
});

/** As ScriptRunner.py does it: with sh, whatever the first line says; /run is that of the private root. */
function extensionRuns({ root }: Rig, stage: 'pre' | 'post'): number | null {
  mkdirSync(join(root, 'run'), { recursive: true });
  const inRoot = `mount --bind "$0/run" /run && exec sh "$0/etc/azure/quiesced-${stage}.sh"`;
  const env = { PATH: process.env.PATH, QUIESCED_TEST: '1', QUIESCED_TEST_ROOT: root };
  return spawnSync('unshare', ['--mount', 'sh', '-c', inRoot, root], { env, stdio: 'ignore', timeout: 60_000 }).status;
}

/** The program that runs is outside of the private root, and may belong to whoever cloned it. */
async function install({ root }: Rig, self: readonly string[] = [process.execPath, MAIN]): Promise<void> {
  const system = localSystem({ root, live: true, env: {} });
  await applyChanges(system, (await azureBackup.plan(system, self)).changes);
}

function adoptable({ put, root }: Rig, preCode: number): void {
  put('/opt/pre', `echo pre "$@" >>${root}/ran\nexit ${preCode}\n`, 0o700);
  put('/opt/post', `echo post >>${root}/ran\n`, 0o700);
  const config = {
    preScriptLocation: '/opt/pre',
    postScriptLocation: '/opt/post',
    preScriptParams: ['a', 'two words'],
  };
  put(CONFIG, JSON.stringify(config), 0o600);
}
