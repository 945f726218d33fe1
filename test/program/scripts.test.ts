import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { runnable } from '../../agent/scripts/runnable.ts';
import { runScript } from '../../agent/snapshot/scripts/run-script.ts';
import { isAlive, NOTE, runText, scriptAt, scriptsRig, until } from './scripts-rig.ts';

t.test('retries run the script again', async (t) => {
  const rig = scriptsRig(t);
  const text = '#!/bin/sh\necho x >>"$ROOT/count"\n[ "$(wc -l <"$ROOT/count")" -ge 3 ] || exit 7\necho ready\n';
  t.match(await runText(rig, text, { retries: 5 }), { ended: 'exited', exitCode: 0, attempts: 3, output: 'ready\n' });
  t.equal(rig.read('count'), 'x\nx\nx\n');

  const failing = await runText(rig, '#!/bin/sh\necho y >>"$ROOT/fails"\nexit 7\n', { retries: 1 });
  t.match(failing, { ended: 'exited', exitCode: 7, attempts: 2 });
  t.equal(rig.read('fails'), 'y\ny\n');

  const short = await runText(rig, '#!/bin/sh\nexit 1\n', { retries: 1000, timeoutMs: 3500 });
  t.ok(short.attempts < 5, `the time limit holds for all attempts together: ${short.attempts}`);
});

t.test('the first line counts', async (t) => {
  const rig = scriptsRig(t);
  const bash = '#!/bin/bash\n[[ two == t* ]] && read -r a b <<<"one two" && echo "$0 $b"\n';
  t.equal((await runText(rig, bash)).output, `${rig.root}/opt/script two\n`, 'bash, and the script knows its own name');
  t.equal((await runText(rig, 'echo "by sh: $0"\n')).output, `by sh: ${rig.root}/opt/script\n`, 'no first line');
  await t.rejects(runText(rig, '#!/bin/sh\r\necho\r\n'), { message: /CRLF/, remedy: /sed -i/ });

  const azure = scriptAt(rig.put('/opt/azure', '#!/bin/bash\n[[ a == a ]] && echo "$1|$2|$3"\n', 0o600), {
    source: 'azure',
    pre: { path: '/opt/azure', args: ['', 'two words', '$HOME *'] },
  });
  const options = { timeoutMs: 60_000, retries: 0, env: {}, signal: new AbortController().signal };
  const result = await runScript(rig.system, await runnable(rig.system, azure, 'pre'), options);
  t.match(result, { exitCode: 0, output: '|two words|$HOME *\n' }, 'mode 600, and arguments as they stand');
});

t.test('what a script finds around it', async (t) => {
  process.env.QUIESCED_SECRET_OF_OURS = 'x';
  t.teardown(() => delete process.env.QUIESCED_SECRET_OF_OURS);
  const rig = scriptsRig(t);
  const { output } = await runText(rig, '#!/bin/bash\ncompgen -e | tr "\\n" " "', {
    env: { QUIESCED_X: '1' },
  });
  // Of the shell, and of tap, which wraps the spawning of programs.
  const others = /^(PWD|OLDPWD|SHLVL|_|NODE_OPTIONS|_TAPJS_.*)$/;
  const names = output
    .trim()
    .split(' ')
    .filter((name) => !others.test(name));
  t.strictSame(names, ['LANG', 'PATH', 'QUIESCED_RUN', 'QUIESCED_X']);

  const place = '#!/bin/sh\npwd; cat; cut -d" " -f5,6 /proc/self/stat; echo $$; cat /proc/self/oom_score_adj\n';
  const [folder, group, pid, score] = (await runText(rig, place)).output.trim().split('\n');
  t.equal(folder, '/');
  t.equal(group, `${pid} ${pid}`, 'a process group and session of its own');
  t.ok(Number(score) >= 0, 'none of our protection');

  const named = '#!/bin/sh\necho out >/dev/stdout; echo err >/dev/stderr; echo fd >&2\n';
  t.match(await runText(rig, named), { exitCode: 0, output: 'out\nerr\nfd\n' }, 'outputs that can be opened by name');
});

t.test('an exit code is the script’s own', async (t) => {
  const rig = scriptsRig(t);
  for (const code of [124, 126, 127, 137]) {
    t.match(await runText(rig, `#!/bin/sh\nexit ${code}\n`), { ended: 'exited', exitCode: code });
  }
  t.match(await runText(rig, '#!/bin/sh\nkill -9 $$\n'), { ended: 'signalled', signal: 'SIGKILL' });
});

t.test('output is bounded, and shown without secrets', async (t) => {
  const rig = scriptsRig(t);
  const flood = '#!/bin/sh\necho first\nhead -c 200000000 /dev/zero | tr "\\0" "x"\necho; echo last >&2\nexit 3\n';
  const flooded = await runText(rig, flood, { timeoutMs: 60_000 });
  t.match(flooded, { ended: 'exited', exitCode: 3 });
  t.match(flooded.output, /^first\nx+\n\[… about 1999\d{5} bytes left out …]\n(x*\n)?last\n$/);
  t.ok(flooded.output.length < 66_000, `${flooded.output.length} characters`);
  t.ok(flooded.tookMs < 45_000, `${flooded.tookMs} ms`);

  const secret = "#!/bin/sh\nprintf 'password=hunter2 ok\\r\\n\\033[2J\\n'\n";
  t.equal((await runText(rig, secret)).output, 'password=[redacted] ok\n\uFFFD[2J\n');
});

t.test('who is left behind by a script that ended is left alone', async (t) => {
  const rig = scriptsRig(t);
  const text = `#!/bin/sh\n${NOTE}(until [ -e "$ROOT/go" ]; do sleep 0.1; done; echo late; echo later; echo yes >"$ROOT/survived"; sleep 60) &\nnote $!\necho done\n`;
  const result = await runText(rig, text);
  t.match(result, { ended: 'exited', exitCode: 0, output: 'done\n' });
  const [pid = 0] = rig.noted();
  t.ok(isAlive(pid), 'its open output is not waited for');
  rig.put('/go', '');
  t.ok(await until(() => rig.read('survived') !== ''), 'what it writes later does not end it');
  t.ok(isAlive(pid));
});

t.test('an abort ends the script, and the retries', async (t) => {
  const rig = scriptsRig(t);
  const control = new AbortController();
  const running = runText(rig, `#!/bin/sh\n${NOTE}note $$\nsleep 60\n`, { signal: control.signal, retries: 3 });
  t.ok(await until(() => rig.noted().length === 1));
  control.abort(new Error('given up'));
  await t.rejects(running, { message: 'given up' });
  t.notOk(rig.noted().some(isAlive));

  const pausing = new AbortController();
  const retrying = runText(rig, '#!/bin/sh\necho z >>"$ROOT/tries"\nexit 1\n', { signal: pausing.signal, retries: 9 });
  t.ok(await until(() => rig.read('tries') !== ''));
  await sleep(100);
  pausing.abort(new Error('given up'));
  await t.rejects(retrying, { message: 'given up' });
  t.equal(rig.read('tries'), 'z\n');
});
