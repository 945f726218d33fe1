import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { PATHS } from '../../../../agent/system/paths.ts';
import { tellToEnd, whenToldToEnd } from '../../../../extensions/azure/handler/tell-to-end.ts';
import { fakeSystem } from '../../../fakes/system.ts';

t.test('on Windows a job is told by a note, which is gone once it is read', async (t) => {
  const system = fakeSystem({ platform: 'windows' });
  t.teardown(system.cleanUp);
  const place = PATHS.windows.runtime;
  await system.makeDir(place, 0o755);
  // Of another one that had our number.
  await tellToEnd(system, process.pid);
  let told = 0;
  const keepAlive = setInterval(() => undefined, 1000);
  t.teardown(() => clearInterval(keepAlive));
  whenToldToEnd(system, () => {
    told += 1;
  });
  for (const endMs = Date.now() + 20_000; (await system.list(place))?.length !== 0 && Date.now() < endMs; )
    await sleep(50);
  await sleep(1500);
  t.equal(told, 0, 'a note that was there before is not for us');
  await tellToEnd(system, 0);
  t.strictSame(await system.list(place), [], 'nobody is meant by 0');
  await tellToEnd(system, process.pid);
  t.equal((await system.list(place))?.length, 1);
  for (const endMs = Date.now() + 20_000; told === 0 && Date.now() < endMs; ) await sleep(50);
  t.equal(told, 1);
  t.strictSame(await system.list(place), []);
});
