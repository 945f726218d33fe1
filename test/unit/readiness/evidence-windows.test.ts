import t from 'tap';
import { expectOf } from '../../../agent/readiness/evidence.ts';
import type { System } from '../../../agent/system/system.ts';
import { load } from '../../fakes/config.ts';
import type { WindowsMachine } from '../../fakes/windows.ts';
import { server } from '../quiescers/windows-machine.ts';
import { vssRig } from '../takers/vss-rig.ts';

t.test('what shadow copies would be worth on Windows', async (t) => {
  const expected = async (text: string, machine: Partial<WindowsMachine> = {}, more: Partial<System> = {}) => {
    const { config } = await load(text, 'windows');
    return expectOf({ system: { ...vssRig(t, machine).system, ...more }, config, quiescers: [] });
  };
  const vss = '[snapshot]\ntaker = vss\n';
  t.match(await expected(''), { consistency: 'crash' }, 'nothing is frozen by us');
  t.match(await expected(vss), { consistency: 'application', reason: /VSS writers/ });
  const programs = { list: async () => [server(920, 'mysqld.exe', [3306])] };
  t.match(await expected(vss, {}, { programs }), { consistency: 'file-system', reason: /MySQL/ });
  t.match(await expected(vss, { files: {} }), { consistency: 'none', reason: /only Windows Server has it/ });
  t.match(await expected(`${vss}[vss]\nvolumes = Z:\n`), { consistency: 'none', reason: /^Z:/ });
});
