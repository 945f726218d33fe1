import t from 'tap';
import { readState } from '../../../agent/service/state.ts';
import { sealed } from '../../../agent/system/owned-file.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { machineWith, OFF, ON, PACKAGE_FILE, type Scene } from './machine.ts';

async function stateOf(t: { teardown(work: () => void): void }, scene: Scene) {
  const system = machineWith(scene);
  t.teardown(system.cleanUp);
  return readState(system);
}

t.test('who installed it', async (t) => {
  const own = '/etc/systemd/system/quiesced.service';
  t.match(await stateOf(t, {}), { installed: 'no', way: undefined });
  t.match(await stateOf(t, { files: PACKAGE_FILE }), { installed: 'package' });
  t.match(await stateOf(t, { files: { '/lib/systemd/system/quiesced.service': '' } }), { installed: 'package' });
  t.match(await stateOf(t, { files: { [own]: sealed('[Unit]\n') } }), { installed: 'by-hand' });
  t.match(await stateOf(t, { files: { [own]: `${sealed('[Unit]\n')}#\n` } }), { installed: 'by-hand' }, 'also edited');
  t.match(await stateOf(t, { files: { [own]: '[Unit]\n' } }), { installed: 'no' }, "somebody else's");
  const both = { ...PACKAGE_FILE, [own]: sealed('[Unit]\n') };
  t.match(await stateOf(t, { files: both }), { installed: 'by-hand' }, 'which hides that of the package');
});

t.test('what systemd says, unit by unit', async (t) => {
  const service = { enabled: 'enabled', active: 'active', pid: 77, memory: '62914560' };
  t.strictSame(await stateOf(t, { service, socket: OFF, timer: OFF }), {
    installed: 'no',
    way: 'resident',
    units: {
      'quiesced.service': { enabled: 'enabled', active: 'active', pid: 77, memoryBytes: 62_914_560 },
      'quiesced.socket': { ...OFF },
      'quiesced.timer': { ...OFF },
    },
  });
  t.match(await stateOf(t, { service: OFF, socket: ON, timer: ON }), { way: 'on-demand' });
  t.match(await stateOf(t, { service: { enabled: 'enabled-runtime' } }), { way: 'resident' });
  // 2^64 - 1: nobody counts.
  t.match(await stateOf(t, { service: { memory: '18446744073709551615' } }), {
    units: { 'quiesced.service': { memoryBytes: undefined } },
  });
});

t.test('where systemd does not run nothing is asked', async (t) => {
  const system = machineWith({ systemd: false });
  t.teardown(system.cleanUp);
  t.match(await readState(system), { way: undefined, units: { 'quiesced.timer': { active: 'unknown' } } });
  t.strictSame(system.ran, []);
});

t.test('a systemctl that fails is an error, and not a machine without the service', async (t) => {
  const system = fakeSystem({
    files: { '/run/systemd/system/.keep': '' },
    programs: { systemctl: { exitCode: 1, stderr: 'Failed to connect to bus\n' } },
  });
  t.teardown(system.cleanUp);
  await t.rejects(readState(system), { code: 'service.no-answer', message: /Failed to connect to bus/ });
});
