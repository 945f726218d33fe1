/**
 * Scripts of PowerShell on Windows (Wine): how it is called, and what becomes of the number that it ends with. Wine's own
 * powershell.exe says and does nothing, so that here a program of the tests stands where quiesced looks for it, and writes
 * down what it was called by. What PowerShell makes of that is in docs/windows-manual-test.md.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { lineKeeper } from '../fixtures/pe-program.ts';
import { WINE, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

/** Of a program that Wine brings itself it takes its own, unless it is told not to. */
const OUR_OWN = { WINEDLLOVERRIDES: 'mscoree,mshtml=;powershell.exe=n' };

t.test('scripts of PowerShell', { skip, timeout: 280_000 }, async (t) => {
  const { quiescedWith, disk } = await wineMachine(t);
  const ours = join(disk, 'ProgramData/quiesced');
  const lines = join(disk, 'lines.txt');
  for (const folder of [join(ours, 'hooks.d'), join(disk, 's (x86) & p')]) mkdirSync(folder, { recursive: true });
  for (const script of ['s (x86) & p/pre.ps1', 's (x86) & p/Post.PS1', 'ProgramData/quiesced/hooks.d/10-hook.ps1'])
    writeFileSync(join(disk, script), 'exit 0\r\n');
  writeFileSync(
    join(ours, 'quiesced.conf'),
    '[scripts]\r\npre = C:\\s (x86) & p\\pre.ps1\r\npost = C:\\s (x86) & p\\Post.PS1\r\n',
  );
  /** What a rehearsal comes to, and by which command lines PowerShell was started. */
  const rehearse = (exitCode: number) => {
    const program = join(disk, 'windows/system32/WindowsPowerShell/v1.0/powershell.exe');
    rmSync(program, { force: true });
    writeFileSync(program, lineKeeper('C:\\lines.txt', exitCode));
    rmSync(lines, { force: true });
    const { out } = quiescedWith(OUR_OWN, 'rehearse', '--yes', '--json');
    return { outcome: JSON.parse(out), started: readFileSync(lines, 'utf16le').split('\0').slice(0, -1) };
  };

  const well = rehearse(0);
  t.strictSame(well.outcome.faults, []);
  const how = '-NoProfile -NonInteractive -ExecutionPolicy Bypass -File';
  const program = /^C:\\windows\\System32\\WindowsPowerShell\\v1\.0\\powershell\.exe (.*)$/i;
  t.strictSame(
    well.started.map((line) => program.exec(line)?.[1]),
    [
      `${how} "C:\\s (x86) & p\\pre.ps1"`,
      `${how} C:\\ProgramData\\quiesced\\hooks.d\\10-hook.ps1 freeze`,
      `${how} C:\\ProgramData\\quiesced\\hooks.d\\10-hook.ps1 thaw`,
      `${how} "C:\\s (x86) & p\\Post.PS1"`,
    ],
    'each in full, with its word, the last first on the way back',
  );

  const badly = rehearse(7);
  t.match(badly.outcome.faults, [
    { phase: 'prepare', during: 'enter', message: /pre script .*exit code 7\b/s },
    { phase: 'prepare', during: 'leave', message: /post script .*exit code 7\b/s },
  ]);
  t.match(badly.started.at(-1), /Post\.PS1"$/, 'what was begun is ended all the same');
});
