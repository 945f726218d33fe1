import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { PACKAGED, SOURCES, textOf, UNITS } from '../../../agent/service/units.ts';

const FOLDER = join(import.meta.dirname, '../../../systemd');

t.test('what the package installs is what lies in systemd/', async (t) => {
  for (const source of SOURCES) t.equal(textOf(source, PACKAGED), readFileSync(join(FOLDER, source), 'utf8'));
});

t.test('the program that is meant stands in both commands, quoted as systemd reads it', async (t) => {
  const text = textOf('quiesced.service', ['/opt/my node', '--x=100%', '/srv/$HOME/a"b\\c.mjs']);
  const [node, program] = ['"/opt/my node"', '--x=100%% "/srv/$$HOME/a\\"b\\\\c.mjs"'];
  const [flags = ''] = /(?<=^ExecStart=\S+)( --\S+)+/m.exec(textOf('quiesced.service', PACKAGED)) ?? [];
  t.match(text, `\nExecStart=${node}${flags} ${program} daemon\n`, "the unit's own flags stay");
  t.match(text, ` quiesced ${node} ${program} thaw --by-records\n`);
  t.notMatch(text, PACKAGED[0]);
});

t.test('the service is what the design asks for', async (t) => {
  const text = readFileSync(join(FOLDER, 'quiesced.service'), 'utf8');
  const settings = text.split('\n').filter((line) => /^\w+=/.test(line));
  for (const setting of [
    'Type=notify',
    'NotifyAccess=main',
    'WatchdogSec=180',
    'KillMode=process',
    'OOMPolicy=continue',
    'OOMScoreAdjust=-900',
    'Delegate=yes',
    'Restart=on-failure',
    'RuntimeDirectoryPreserve=yes',
  ]) {
    t.ok(settings.includes(setting), setting);
  }
  // systemd.exec(5): each of these makes a mount namespace, sets no_new_privs, or forbids what V8 does.
  const forbidden =
    /^(Protect|Private|ReadOnly|ReadWrite|Inaccessible|ExecPaths|NoExecPaths|Temporary|Bind|Root|Mount|NoNewPrivileges|DynamicUser|MemoryDenyWriteExecute)/;
  t.strictSame(
    settings.filter((setting) => forbidden.test(setting)),
    [],
  );
});

t.test('nothing makes systemd write to a disk before ExecStopPost=, which may be there to thaw it', async (t) => {
  const settings = readFileSync(join(FOLDER, 'quiesced.service'), 'utf8').match(/^\w+=.*$/gm) ?? [];
  t.strictSame(
    settings.filter((setting) => /^(State|Logs|Cache|Configuration)Directory|^Standard(Output|Error)=/.test(setting)),
    [],
  );
});

const verifier = spawnSync('systemd-analyze', ['--version']).status === 0;
t.test('systemd finds no fault', { skip: verifier ? false : 'systemd-analyze is not here' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-units-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  // It looks for the programs, and for the manual.
  for (const unit of UNITS) writeFileSync(join(folder, unit), textOf(unit, [process.execPath]));
  const files = UNITS.map((unit) => join(folder, unit));
  const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...files], {
    encoding: 'utf8',
  });
  t.strictSame({ status, stdout, stderr }, { status: 0, stdout: '', stderr: '' });
});
