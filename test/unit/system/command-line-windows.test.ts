import t from 'tap';
import { cmdCannotTake, windowsCommand, windowsProgram } from '../../../agent/system/command-line-windows.ts';

const system = { env: { SystemRoot: 'C:\\WINDOWS' } };

t.test('by the extension', async (t) => {
  t.equal(windowsProgram('C:\\a\\b.CMD'), 'cmd');
  t.equal(windowsProgram('b.bat'), 'cmd');
  t.equal(windowsProgram('C:\\a\\b.ps1'), 'powershell');
  t.equal(windowsProgram('C:\\a\\b.exe'), 'itself');
  t.equal(windowsProgram('C:\\a.cmd\\b'), undefined);
  t.equal(windowsProgram('C:\\a\\b.txt'), undefined);
});

t.test('the command interpreter gets one line, of which it takes off the outer marks', async (t) => {
  t.strictSame(windowsCommand(system, ['C:\\a b (x86)\\c & d.cmd', 'freeze', 'two words']), {
    file: 'C:\\WINDOWS\\System32\\cmd.exe',
    args: ['/d', '/s', '/v:off', '/c', '""C:\\a b (x86)\\c & d.cmd" freeze "two words""'],
    verbatim: true,
  });
  t.equal(cmdCannotTake('C:\\100%\\a.cmd'), true);
  t.equal(cmdCannotTake('a"b'), true);
  t.equal(cmdCannotTake('C:\\a b\\c&d^e!.cmd'), false);
});

t.test('others get a list', async (t) => {
  t.match(windowsCommand(system, ['C:\\a b\\c.ps1', 'x']), {
    file: /powershell\.exe$/,
    args: ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File', 'C:\\a b\\c.ps1', 'x'],
    verbatim: false,
  });
  t.strictSame(windowsCommand(system, ['C:\\c.exe', 'x']), { file: 'C:\\c.exe', args: ['x'], verbatim: false });
});
