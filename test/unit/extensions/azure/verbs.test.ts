import t from 'tap';
import { uninstall, update } from '../../../../extensions/azure/handler/verbs.ts';
import { handlerRig } from './handler-rig.ts';

t.test('a downgrade: the version that goes away leaves the record to the one that comes', async (t) => {
  const { system, handler, known, jobs } = handlerRig(t);
  await known({ sequence: 1, taskId: 'task', phase: 'ended', status: 'the end' });
  await update({ ...handler, system: { ...system, env: { VERSION: '0.0.9.0' } } });
  await uninstall(handler);
  t.match(await jobs(), [{ phase: 'ended' }]);
});
