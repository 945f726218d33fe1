import t from 'tap';
import { install, uninstall, update } from '../../../../extensions/azure/handler/verbs.ts';
import { handlerRig } from './handler-rig.ts';

t.test('a downgrade: the version that goes away leaves the record to the one that comes', async (t) => {
  const { system, handler, known, jobs } = handlerRig(t);
  await known({ sequence: 1, taskId: 'task', phase: 'ended', status: 'the end' });
  await update({ ...handler, system: { ...system, env: { VERSION: '0.0.9.0' } } });
  await uninstall(handler);
  t.match(await jobs(), [{ phase: 'ended' }]);
});

t.test('the package came after the extension: its history stays when the extension goes', async (t) => {
  const units = ['/usr/lib/systemd/system/quiesced.service', '/etc/systemd/system/quiesced.service', undefined];
  for (const unit of units) {
    const { system, handler } = handlerRig(t, unit === undefined ? {} : { files: { [unit]: '' } });
    await install(handler);
    await system.write('/var/lib/quiesced/history.json', '[]');
    await uninstall(handler);
    t.equal(await system.readText('/var/lib/quiesced/history.json'), unit && '[]', unit ?? 'none: nothing stays');
  }
});
