import { chmodSync } from 'node:fs';
import t, { type Test } from 'tap';
import { runnable, shebang } from '../../../agent/scripts/runnable.ts';
import { type Script, ScriptError } from '../../../agent/scripts/script.ts';
import { fakeSystem } from '../../fakes/system.ts';

t.test('the first line', async (t) => {
  t.strictSame(shebang('#!/bin/sh'), ['/bin/sh']);
  t.strictSame(shebang('#! \t/usr/bin/env  -S  a b \t'), ['/usr/bin/env', '-S  a b'], 'one argument at most');
  t.strictSame(shebang('#!'), []);
  t.strictSame(shebang('# !/bin/sh'), []);
});

const script = (path: string, source: Script['source']): Script => ({
  source,
  name: 'db',
  pre: { path, args: ['a b'] },
  timeoutMs: 1000,
  preRetries: 0,
  postRetries: 0,
  required: true,
});

const PATH = '/opt/db/pre.sh';

/** The argv below the system's root, or the error. */
async function argvOf(t: Test, text: string, mode: number, source: Script['source'] = 'config'): Promise<unknown> {
  const system = fakeSystem({ files: { [PATH]: text } });
  t.teardown(() => system.cleanUp());
  chmodSync(system.resolve(PATH), mode);
  try {
    const argv = await runnable(system, script(PATH, source), 'pre');
    return argv.map((arg) => (arg === system.resolve(PATH) ? PATH : arg));
  } catch (error) {
    return error;
  }
}

t.test('what is run', async (t) => {
  const direct = [PATH, 'a b'];
  const bySh = ['/bin/sh', PATH, 'a b'];
  t.strictSame(await argvOf(t, '#!/bin/bash\n', 0o700), direct, 'the file itself where it says by what');
  t.strictSame(await argvOf(t, 'echo\n', 0o700), bySh, 'sh where it does not');
  t.strictSame(await argvOf(t, '', 0o755), bySh, 'sh for an empty one');
  t.strictSame(await argvOf(t, '\x7fELF\0\0', 0o755), direct, 'a binary');
  t.strictSame(await argvOf(t, `#!/bin/sh\n${'#'.repeat(2 ** 20)}`, 0o755), direct, 'what is large');
  t.strictSame(await argvOf(t, '#!/bin/bash -e\n', 0o600, 'azure'), ['/bin/bash', '-e', PATH, 'a b'], 'no execute bit');
  t.strictSame(await argvOf(t, 'echo\n', 0o600, 'azure'), bySh, 'neither bit nor first line');
});

t.test('what is refused', async (t) => {
  const refused = async (text: string, mode: number, source: Script['source'], about: object, message: RegExp) => {
    const error = await argvOf(t, text, mode, source);
    if (!(error instanceof ScriptError)) return t.fail(`${message} was run: ${String(error)}`);
    t.match(error.about, { file: PATH, script: 'db', stage: 'pre', required: true, ...about });
    t.match(error.message, message);
    return t.ok(error.remedy);
  };
  await refused('#!/bin/sh\r\necho\r\n', 0o700, 'azure', { azureCode: 300 }, /CRLF/);
  await refused('echo\r\n', 0o700, 'hook', {}, /CRLF/);
  await refused('#!/no/such/shell\n', 0o700, 'config', {}, /asks for \/no\/such\/shell/);
  await refused('#!/bin\n', 0o700, 'config', {}, /asks for \/bin,/);
  await refused('#!/bin/sh\n', 0o600, 'config', {}, /not executable/);
  await refused('#!/bin/sh\n', 0o777, 'azure', { azureCode: 306 }, /writable by group and others/);
});

t.test('a script that is gone', async (t) => {
  const system = fakeSystem({ files: { '/opt/folder/x': '' } });
  t.teardown(() => system.cleanUp());
  const about = (path: string) => runnable(system, script(path, 'azure'), 'pre').catch((error) => error.about);
  t.match(await about('/opt/none'), { azureCode: 302 });
  t.match(await about('/opt/folder'), { azureCode: 302 });
});

t.test('on Windows the extension says by what', async (t) => {
  const files = { 'C:\\q\\a.ps1': '', 'C:\\q\\a.CMD': '', 'C:\\q\\50%.cmd': '', 'C:\\q\\a.txt': '' };
  const system = fakeSystem({ platform: 'windows', files });
  t.teardown(() => system.cleanUp());
  const argv = (path: string) => runnable(system, script(path, 'hook'), 'pre');
  t.strictSame(await argv('C:\\q\\a.ps1'), ['C:\\q\\a.ps1', 'a b'], 'what runs it comes when it is started');
  t.strictSame(await argv('C:\\q\\a.CMD'), ['C:\\q\\a.CMD', 'a b']);
  await t.rejects(argv('C:\\q\\50%.cmd'), { code: 'script.not-runnable', message: /%/ });
  await t.rejects(argv('C:\\q\\a.txt'), { code: 'script.not-runnable', message: /no program/ });
});
