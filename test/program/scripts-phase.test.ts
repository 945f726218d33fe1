import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readHooks } from '../../agent/scripts/hooks.ts';
import { type OwedScript, type Script, ScriptError } from '../../agent/scripts/script.ts';
import {
  fromOwed,
  type HowItWent,
  INTERRUPTED,
  type PrepareOptions,
  preparePhase,
} from '../../agent/snapshot/scripts.ts';
import { isAlive, NOTE, type Rig, scriptAt, scriptsRig, until } from './scripts-rig.ts';

const SUCCESS: HowItWent = { result: 'success', consistency: 'application', freeze: 'held' };
const FAILED: HowItWent = { result: 'failed', consistency: 'none', freeze: 'failed' };
const calm = new AbortController().signal;

/** A script that writes down each call; `pre` and `post` say what else it does. */
function planted(rig: Rig, name: string, { pre = '', post = '' } = {}): Script {
  const told = 'echo "$0 $* $QUIESCED_PHASE $QUIESCED_RUN_ID $QUIESCED_RESULT $QUIESCED_CONSISTENCY" ';
  const text = (then: string) => `#!/bin/sh\n${NOTE}${told}| sed "s#$ROOT/opt/##" >>"$ROOT/calls"\n${then}\n`;
  return scriptAt(rig.put(`/opt/${name}.pre`, text(pre)), {
    name,
    post: { path: rig.put(`/opt/${name}.post`, text(post)), args: [] },
  });
}

const calls = (rig: Rig): readonly string[] =>
  rig
    .read('calls')
    .split('\n')
    .map((line) => line.trim().replace(/ +/g, ' '))
    .filter(Boolean);

/** The phase, and the names that were owed at each record; `…` for a pre command that has not ended. */
function phaseOf(rig: Rig, scripts: readonly Script[], options: Partial<PrepareOptions> = {}) {
  const records: string[] = [];
  const record = (owed: readonly OwedScript[]) => {
    records.push(
      `${owed.map(({ script, mark }) => script.name + (mark === undefined ? '' : '…')).join('+')} after ${calls(rig).length} calls`,
    );
  };
  return { records, ...preparePhase(rig.system, { runId: 'run-1', scripts, record, ...options }) };
}

/** The errors of a promise that must be refused, and the one error of it. */
async function refusals(t: Test, wanted: Promise<unknown>): Promise<readonly ScriptError[]> {
  const error = await wanted.then(
    () => new Error('it was not refused'),
    (reason: unknown) => reason,
  );
  const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
  if (errors.every((each) => each instanceof ScriptError)) return errors;
  t.fail(String(error));
  throw error;
}

async function refusal(t: Test, wanted: Promise<unknown>): Promise<ScriptError> {
  const [error, ...more] = await refusals(t, wanted);
  t.strictSame(more, [], 'one error');
  return error as ScriptError;
}

t.test('in and out, each told how it went', async (t) => {
  const rig = scriptsRig(t);
  const scripts = [planted(rig, 'a'), planted(rig, 'b')];
  const phase = phaseOf(rig, scripts);
  await phase.enter(calm);
  await phase.leave(calm, SUCCESS);
  await phase.leave(calm, SUCCESS);
  t.strictSame(calls(rig), [
    'a.pre pre run-1',
    'b.pre pre run-1',
    'b.post post run-1 success application',
    'a.post post run-1 success application',
  ]);
  t.strictSame(
    phase.records,
    [
      'a… after 0 calls',
      'a after 1 calls',
      'a+b… after 1 calls',
      'a+b after 2 calls',
      'a after 3 calls',
      ' after 4 calls',
    ],
    'recorded before and after each pre command, and after each post command',
  );
  t.ok(phase.enterMs > 20_000 && phase.leaveMs > phase.enterMs);
});

t.test('after a pre script that failed', async (t) => {
  const rig = scriptsRig(t);
  const scripts = [planted(rig, 'a'), planted(rig, 'b', { pre: 'echo why; exit 5' }), planted(rig, 'c')];
  const phase = phaseOf(rig, scripts);
  const error = await refusal(t, phase.enter(calm));
  t.match(error.message, /pre script b ended with exit code 5.*why/s);
  t.match(error.about, { script: 'b', stage: 'pre', output: 'why', file: '/opt/b.pre' });
  await phase.leave(calm, FAILED);
  t.strictSame(calls(rig).slice(1), [
    'b.pre pre run-1',
    'b.post post run-1 failed none',
    'a.post post run-1 failed none',
  ]);
});

t.test('one post script that fails does not keep the others', async (t) => {
  const rig = scriptsRig(t);
  const { pre: _, ...only } = planted(rig, 'only');
  const scripts = [
    planted(rig, 'a', { post: 'exit 1' }),
    planted(rig, 'b'),
    only,
    { ...planted(rig, 'c', { post: 'sleep 60' }), timeoutMs: 3000 },
  ];
  const runs: string[] = [];
  const phase = phaseOf(rig, scripts, {
    onRun: ({ name }, stage, { ended }) => runs.push(`${name} ${stage} ${ended}`),
  });
  await phase.enter(calm);
  const errors = await refusals(t, phase.leave(calm, SUCCESS));
  t.match(errors, [{ message: /c was killed after 3 s/ }, { message: /a ended with exit code 1/ }]);
  t.equal(errors.length, 2, 'each for itself');
  t.equal(calls(rig).length, 7);
  t.strictSame(runs.slice(3), ['c post timed-out', 'only post exited', 'b post exited', 'a post exited']);
  t.match(phase.records.at(-1), /^ after 7/, 'nothing is owed any more');
  await phase.leave(calm, SUCCESS);
  t.equal(calls(rig).length, 7, 'each ran once');
});

t.test('hooks are told by their argument', async (t) => {
  for (const [how, argument] of [[SUCCESS, 'thaw'] as const, [FAILED, 'freeze-failed'] as const]) {
    const rig = scriptsRig(t);
    for (const name of ['20-b', '10-a'])
      rig.put(`/etc/quiesced/hooks.d/${name}`, `#!/bin/sh\necho "${name} $*" >>"$ROOT/calls"\n`);
    const { scripts } = await readHooks(rig.system, { timeoutMs: 5000, retries: 0 });
    const phase = phaseOf(rig, scripts);
    await phase.enter(calm);
    await phase.leave(calm, how);
    t.strictSame(calls(rig), ['10-a freeze', '20-b freeze', `20-b ${argument}`, `10-a ${argument}`]);
  }
});

t.test('hooks of other worlds are told in the words that they know', async (t) => {
  const folders = { qemuHooks: '/etc/qemu/fsfreeze-hook.d', vmwareScripts: '/etc/vmware-tools/backupScripts.d' };
  for (const [how, qemu, vmware] of [[SUCCESS, 'thaw', 'thaw'] as const, [FAILED, 'thaw', 'freezeFail'] as const]) {
    const rig = scriptsRig(t);
    for (const [name, folder] of Object.entries(folders))
      rig.put(`${folder}/${name}`, `#!/bin/sh\necho "${name} $*" >>"$ROOT/calls"\n`);
    const limits = { timeoutMs: 5000, retries: 0 };
    t.strictSame((await readHooks(rig.system, limits)).scripts, [], 'only where the configuration names them');
    const { scripts } = await readHooks(rig.system, { ...limits, ...folders });
    const phase = phaseOf(rig, scripts);
    await phase.enter(calm);
    await phase.leave(calm, how);
    const wanted = ['qemuHooks freeze', 'vmwareScripts freeze', `vmwareScripts ${vmware}`, `qemuHooks ${qemu}`];
    t.strictSame(calls(rig), wanted);
  }
});

t.test('after a crash another process runs what is owed', async (t) => {
  const rig = scriptsRig(t);
  const owedFile = join(rig.root, 'owed.json');
  const scripts = [planted(rig, 'a'), planted(rig, 'b')];
  writeFileSync(join(rig.root, 'asked.json'), JSON.stringify({ root: rig.root, scripts, owedFile }));
  const program = join(import.meta.dirname, '../fixtures/scripts-crash.ts');
  const crashed = spawnSync(process.execPath, [program, join(rig.root, 'asked.json')], { encoding: 'utf8' });
  t.equal(crashed.signal, 'SIGKILL', crashed.stderr);

  const record = (owed: readonly OwedScript[]) => writeFileSync(owedFile, JSON.stringify(owed));
  const again = () => fromOwed(rig.system, JSON.parse(readFileSync(owedFile, 'utf8')), { record });
  t.ok(again().leaveMs > 20_000);
  await again().leave(calm, INTERRUPTED);
  t.strictSame(calls(rig).slice(2), ['b.post post run-1 interrupted none', 'a.post post run-1 interrupted none']);
  await again().leave(calm, INTERRUPTED);
  t.equal(calls(rig).length, 4, 'and not once more');

  writeFileSync(owedFile, '[{"runId": "x"}]');
  t.match(await refusal(t, again().leave(calm, INTERRUPTED)), { code: 'script.owed-unreadable' });
  t.equal(readFileSync(owedFile, 'utf8'), '[]', 'what is not understood is told once');
});

t.test('a script that somebody else could have written is not run', async (t) => {
  const rig = scriptsRig(t);
  const refused = async (script: Script, message: RegExp) => {
    const phase = phaseOf(rig, [planted(rig, 'first'), script]);
    t.match((await refusal(t, phase.enter(calm))).message, message);
    await phase.leave(calm, FAILED);
    t.strictSame([calls(rig), phase.records], [[], []], 'nor any other, before or after it');
  };
  const inFolder = scriptAt(rig.put('/srv/open/x', '#!/bin/sh\n'));
  chmodSync(join(rig.root, 'srv/open'), 0o1777);
  await refused(inFolder, /\/srv\/open is writable by group and others/);

  symlinkSync('/srv/open/x', join(rig.root, 'opt/link'));
  await refused(scriptAt('/opt/link'), /\/srv\/open is writable by group and others/);

  execFileSync('chown', ['1000', join(rig.root, rig.put('/opt/somebody', '#!/bin/sh\n'))]);
  await refused(scriptAt('/opt/somebody'), /\/opt\/somebody belongs to uid 1000/);
  await refused({ ...planted(rig, 'b'), post: { path: '/opt/none', args: [] } }, /\/opt\/none does not exist/);
});

t.test('what may not run any more is told, and not kept', async (t) => {
  const rig = scriptsRig(t);
  const phase = phaseOf(rig, [planted(rig, 'a'), planted(rig, 'b'), planted(rig, 'c')]);
  await phase.enter(calm);
  chmodSync(join(rig.root, 'opt/c.post'), 0o777);
  unlinkSync(join(rig.root, 'opt/b.post'));
  const [c, b] = await refusals(t, phase.leave(calm, SUCCESS));
  t.match(c, { message: /c\.post is writable by group and others/, remedy: /chmod go-w \/opt\/c\.post/ });
  t.match(b, { message: /b\.post does not exist/ });
  t.strictSame(calls(rig).slice(3), ['a.post post run-1 success application']);
  t.match(phase.records.at(-1), /^ after 4/);
});

t.test('leaving ends an entering that hangs', async (t) => {
  const rig = scriptsRig(t);
  const phase = phaseOf(rig, [planted(rig, 'a', { pre: 'note $$; sleep 60' }), planted(rig, 'b')]);
  const entering = phase.enter(calm).catch((error: Error) => error.message);
  t.ok(await until(() => rig.noted().length === 1));
  await phase.leave(calm, FAILED);
  t.notOk(rig.noted().some(isAlive), 'the pre script is dead before its post script starts');
  t.match(await entering, /is being left/);
  t.strictSame(calls(rig), ['a.pre pre run-1', 'a.post post run-1 failed none']);
});

t.test('what an abort cuts short stays owed', async (t) => {
  const rig = scriptsRig(t);
  const hangs = planted(rig, 'b', { post: '[ -e "$ROOT/go" ] || { note $$; sleep 60; }' });
  const phase = phaseOf(rig, [planted(rig, 'a'), hangs, planted(rig, 'c')]);
  await phase.enter(calm);
  const control = new AbortController();
  const [first, second] = [phase.leave(control.signal, SUCCESS), phase.leave(calm, SUCCESS)];
  t.ok(await until(() => rig.noted().length === 1));
  rig.put('/go', '');
  control.abort(new Error('shutting down'));
  t.match((await refusal(t, first)).message, /must still run: a, b/);
  await second;
  t.strictSame(
    calls(rig)
      .slice(3)
      .map((call) => call.split(' ')[0]),
    ['c.post', 'b.post', 'b.post', 'a.post'],
    'the second call waited, and did the rest',
  );
});

t.test('nothing is started that could not be recorded', async (t) => {
  const rig = scriptsRig(t);
  const record = () => Promise.reject(new Error('no space left'));
  const phase = phaseOf(rig, [planted(rig, 'a')], { record });
  await t.rejects(phase.enter(calm), { message: 'no space left' });
  await phase.leave(calm, FAILED);
  t.strictSame(calls(rig), []);
});

t.test('a pre script whose end could not be recorded is told, and left once', async (t) => {
  const rig = scriptsRig(t);
  let records = 0;
  const record = () => {
    records += 1;
    return records === 2 ? Promise.reject(new Error('no space left')) : Promise.resolve();
  };
  const phase = phaseOf(rig, [planted(rig, 'a', { pre: 'sleep 300 & note $!' })], { record });
  t.match(await refusal(t, phase.enter(calm)), { code: 'script.not-recorded' });
  await phase.leave(calm, FAILED);
  t.strictSame(calls(rig), ['a.pre pre run-1', 'a.post post run-1 failed none']);
  t.ok(rig.noted().every(isAlive), 'whom it left running is left alone');
});

t.test('a script that fails says by which number Microsoft knows it', async (t) => {
  const rig = scriptsRig(t);
  const azure = { source: 'azure', required: true } as const;
  const failing = { ...planted(rig, 'a', { pre: 'exit 1', post: 'exit 1' }), ...azure };
  const slow = { ...planted(rig, 'b', { pre: 'sleep 9', post: 'sleep 9' }), ...azure, timeoutMs: 400 };
  for (const [script, pre, post] of [[failing, 300, 301] as const, [slow, 308, 309] as const]) {
    const phase = phaseOf(rig, [script]);
    t.match((await refusal(t, phase.enter(calm))).about, { azureCode: pre, required: true });
    t.match((await refusal(t, phase.leave(calm, FAILED))).about, { azureCode: post, required: true });
  }
});
