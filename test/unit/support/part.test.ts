import t from 'tap';
import { Absent, afterCut, command, fileEnd, made } from '../../../agent/support/part.ts';
import type { RunResult } from '../../../agent/system/system.ts';
import { fakeSystem } from '../../fakes/system.ts';

const machine = (answer: Partial<RunResult>) => {
  const system = fakeSystem({ programs: { tail: answer, lsblk: answer } });
  t.teardown(system.cleanUp);
  return system;
};

t.test('the end of a file', async (t) => {
  const short = machine({ stdout: 'first\nlast\n' });
  t.strictSame(await fileEnd(short, 'a', '/var/log/a').gather(), { text: 'first\nlast\n' });
  t.strictSame(short.ran, [['tail', '-c', '262145', '--', short.resolve('/var/log/a')]]);

  const long = machine({ stdout: `${'x'.repeat(262_143)}\nz\n` });
  t.strictSame(await fileEnd(long, 'a', '/a').gather(), { text: 'z\n', note: 'its end only' });

  const missing = machine({ exitCode: 1, stderr: "tail: cannot open '/a' for reading: No such file or directory\n" });
  await t.rejects(fileEnd(missing, 'a', '/a').gather(), new Absent('there is no /a'));
  const closed = machine({ exitCode: 1, stderr: "tail: error reading '/a': Input/output error\n" });
  await t.rejects(fileEnd(closed, 'a', '/a').gather(), { message: /ended with 1: tail: .*Input\/output error$/ });
  const dead = machine({ ended: 'timed-out', exitCode: undefined });
  await t.rejects(fileEnd(dead, 'a', '/a').gather(), { message: 'no answer in time' });
});

t.test('what a program prints, and what it complains of', async (t) => {
  const gather = (answer: Partial<RunResult>) => command(machine(answer), 'disks.txt', ['lsblk']).gather();
  t.strictSame(await gather({ stdout: 'sda\n' }), { text: 'sda\n' });
  t.strictSame(await gather({ stdout: '' }), { text: '' }, 'nothing to tell is an answer');
  t.match(await gather({ exitCode: 3, stdout: 'a\n', stderr: 'b\n' }), { text: 'a\nb\n', note: /ended with 3/ });
  t.match(await gather({ ended: 'timed-out', exitCode: undefined, stdout: 'half\n' }), {
    text: 'half\n',
    note: /in time/,
  });
  await t.rejects(gather({ ended: 'not-found', exitCode: undefined }), new Absent('there is no lsblk here'));
  await t.rejects(gather({ exitCode: 1 }), { message: /ended with 1/ });
});

t.test('what we make is JSON', async (t) => {
  t.strictSame(await made('a', 1, async () => ({ a: 1 })).gather(), { text: '{"a":1}' });
  t.strictSame(await made('a', 1, async () => undefined).gather(), { text: 'null' });
});

t.test('a text that was cut begins where a secret can be told', async (t) => {
  t.equal(afterCut('half of a line\nnext\n'), 'next\n');
  t.equal(afterCut('no line ends here'), '');
  t.equal(afterCut('AQEAx3\nMIIE\n-----END PRIVATE KEY-----\nnext\n'), '-----END PRIVATE KEY-----\nnext\n');
  const whole = 'x\n-----BEGIN PRIVATE KEY-----\nMIIE\n-----END PRIVATE KEY-----\n';
  t.equal(afterCut(whole), whole.slice(2));
});
