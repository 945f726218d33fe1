/** The registry of `System`, and the proxy of LocalSystem, in a real registry: Wine's. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { WINE, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

t.test('read, written, planned and taken out', { skip, timeout: 280_000 }, async (t) => {
  const machine = await wineMachine(t);
  // biome-ignore lint/suspicious/noExplicitAny: looked into by matching
  const said = (await machine.run(join(import.meta.dirname, 'registry-program.ts'))) as any;
  t.notOk(said.error, said.error);
  t.strictSame(said.read, said.written, 'each type comes back as it was written');
  t.equal(said.gone, true, 'what is removed, twice, is gone');
  t.match(said.applied, [12, 0], 'applied twice, nothing changes');
  t.match(said, { server: { type: 'sz', data: '10.0.0.8:3128' }, verdict: 'pass', user: 'b:2' });
  t.strictSame(said.left, [{ type: 'dword', data: 0 }, null, null], 'what stood there is there again');
});
