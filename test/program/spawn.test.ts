import { readdirSync } from 'node:fs';
import t from 'tap';
import { type Program, startProgram } from '../../agent/system/spawn.ts';
import { isAlive, NOTE, scriptsRig, until } from './scripts-rig.ts';

t.test('a program that is talked to', async (t) => {
  const { system } = scriptsRig(t);
  const lines: string[] = [];
  const talk = 'while read -r line; do echo "got $line"; echo aside >&2; done; printf end';
  const program = await startProgram(system, ['/bin/sh', '-c', talk], {
    input: 'lines',
    onLine: (line) => lines.push(line),
  });
  program.writeLine('one');
  t.ok(await until(() => lines.includes('got one')), 'an answer comes while it runs');
  program.writeLine('two words');
  program.endInput();
  t.strictSame(await program.ended, { ended: 'exited', exitCode: 0 });
  t.strictSame(lines, ['got one', 'got two words', 'end'], 'lines of the standard output, and no other');
  t.match(program.output(), /aside/, 'both outputs are captured');
  program.writeLine('nobody hears this');
  program.endInput();
  t.strictSame(await program.killAll(1000), [], 'nobody is left');
});

t.test('whom a program left behind can still be ended', async (t) => {
  const rig = scriptsRig(t);
  const path = rig.put('/leaves', `#!/bin/sh\n${NOTE}sleep 300 & note $!\nsetsid sleep 301 & note $!\n`);
  const program = await startProgram(rig.system, [rig.system.resolve(path)]);
  await program.ended;
  t.equal(rig.noted().filter(isAlive).length, 2);
  const [first, second] = [program.killAll(1000), program.killAll(0)];
  t.equal(await first, await second, 'the first call counts');
  t.notOk(rig.noted().some(isAlive));
});

t.test('a name is looked up, and what cannot be started says why', async (t) => {
  const rig = scriptsRig(t);
  t.strictSame(await (await startProgram(rig.system, ['true'])).ended, { ended: 'exited', exitCode: 0 });
  const why = async (file: string) => {
    const program: Program = await startProgram(rig.system, [file], { input: 'lines' });
    program.writeLine('x');
    t.strictSame(await program.killAll(0), []);
    t.equal(program.pid, undefined);
    return program.ended;
  };
  t.strictSame(await why('no-such-program'), { ended: 'not-started', reason: 'ENOENT' });
  t.strictSame(await why('/'), { ended: 'not-started', reason: 'EACCES' });
  t.strictSame(await why(rig.system.resolve(rig.put('/plain', '', 0o600))), { ended: 'not-started', reason: 'EACCES' });
});

t.test('two hundred programs leave nothing behind', async (t) => {
  const { system } = scriptsRig(t);
  const open = () => readdirSync('/proc/self/fd').length;
  const before = open();
  for (let left = 20; left > 0; left -= 1) {
    const ten = Array.from({ length: 10 }, () => startProgram(system, ['/bin/sh', '-c', 'echo hello']));
    for (const program of await Promise.all(ten)) {
      await program.ended;
      if (program.output() !== 'hello\n') t.fail(`its output: ${program.output()}`);
    }
  }
  await until(() => open() <= before);
  t.equal(open(), before, 'no descriptor');
});
