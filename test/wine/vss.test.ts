/**
 * Shadow copies by the program that is installed, on Wine, with stand-ins for diskshadow and vssadmin, which Wine has not:
 * what they are told, in which order, and what becomes of it. Nothing here says anything of VSS.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WINE } from './machine.ts';
import { vssRig } from './vss-rig.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

t.test('shadow copies on Windows', { skip, timeout: 280_000 }, async (t) => {
  const { machine, ours, json, configure, told, events, sets, sessions, plant } = await vssRig(t);
  const { disk, quiesced } = machine;
  configure(1);
  t.match(json('snapshot'), { error: { code: 'vss.no-diskshadow' } }, 'as on a Windows that is no server');
  plant();

  await t.test('one is made, and stays until the next one', async (t) => {
    const first = json('snapshot');
    t.match(first, { consistency: 'application', evidence: 'script-only', faults: [], frozen: [] });
    t.match(first.snapshot, /^\{[0-9a-f-]{36}\} C:\\=\{[0-9a-f-]{36}\}$/);
    t.match(readFileSync(join(disk, 'last-script.txt'), 'utf8').split('\n'), [
      'SET VERBOSE OFF',
      'SET CONTEXT PERSISTENT',
      /^SET METADATA C:\\ProgramData\\quiesced\\run\\vss-[0-9a-f]{8}\\metadata\.cab$/,
      'ADD VOLUME C: ALIAS QUIESCED_1',
      'CREATE',
    ]);
    const set = first.snapshot.split(' ')[0];
    t.strictSame(sets(), [set]);
    t.strictSame(events(), ['writers', 'pre', 'made', 'writers', `post application ${first.snapshot}`]);
    t.strictSame(sessions(), [], 'script and log are gone');

    told('');
    const second = json('snapshot');
    t.strictSame(sets(), [second.snapshot.split(' ')[0]]);
    t.equal(events().at(-1), 'deleted', 'the old one goes last');
    t.match(JSON.parse(readFileSync(join(ours, 'state/shadows.json'), 'utf8')), { kept: [{ set: sets()[0] }] });
  });

  await t.test('a writer that fails lowers the level, and is named', async (t) => {
    told('a writer fails');
    configure(2);
    const outcome = json('snapshot');
    t.match(outcome, { consistency: 'file-system', faults: [{ phase: 'take', during: 'verify' }] });
    t.match(outcome.faults[0], { message: /SqlServerWriter \[9\]/, remedy: /Restart-Service SQLWriter/ });
    t.match(events().at(-1), /^post file-system /);
    t.equal(sets().length, 2);
  });

  await t.test('one that VSS refuses', async (t) => {
    told('fails');
    const { consistency, faults } = json('snapshot');
    t.equal(consistency, 'none');
    t.match(faults, [{ code: 'vss.not-made', message: /VSS_E_SNAPSHOT_SET_IN_PROGRESS/ }]);
    t.equal(sets().length, 2, 'and those of before stay');
    t.strictSame(sessions(), []);
  });

  await t.test('one that takes too long is deleted when it is made all the same', async (t) => {
    told('slow');
    configure(2, 'frozen-deadline = 1s\r\nquiesce-deadline = 2s\r\n');
    const { consistency, faults } = json('snapshot');
    t.equal(consistency, 'none');
    t.match(faults, [{ phase: 'take', code: 'deadline' }]);
    t.strictSame(events().slice(-2), ['made', 'deleted']);
    t.equal(sets().length, 2);
    t.match(json('status'), { owed: [] });
  });

  for (const [fate, left] of [
    ['kills its caller', 2],
    ['made, then kills its caller', 3],
  ] as const) {
    await t.test(`what a run that died has left is deleted by the next start: ${fate}`, async (t) => {
      told(fate);
      configure(2);
      t.equal(quiesced('snapshot', '--json').out, '', 'it is dead');
      t.equal(sets().length, left);
      t.match(json('status'), { owed: [{ taker: 'vss', phases: ['prepare', 'take'] }] });
      t.equal(quiesced('thaw').code, 0);
      t.equal(sets().length, 2);
      t.match(events().at(left === 3 ? -2 : -1), 'post none');
      t.match(json('status'), { owed: [] });
      t.match(json('history').outcomes.at(-1), { taker: 'vss', consistency: 'none' });
      t.strictSame(sessions(), []);
    });
  }

  await t.test('none stays', async (t) => {
    told('');
    configure(0);
    t.match(json('snapshot'), { consistency: 'application', faults: [] });
    t.match(events().at(-4), /^post application /);
    t.strictSame(sets(), [], 'nor those of before');
  });
});
