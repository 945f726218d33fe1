import t from 'tap';
import { expectOf } from '../../../agent/readiness/evidence.ts';
import { load } from '../../fakes/config.ts';
import type { WindowsMachine } from '../../fakes/windows.ts';
import { running } from '../checks/windows-machine.ts';
import { vssRig } from '../takers/vss-rig.ts';

t.test('what shadow copies would be worth on Windows', async (t) => {
  const expected = async (text: string, machine: Partial<WindowsMachine> = {}) => {
    const { config } = await load(text, 'windows');
    return expectOf({ system: vssRig(t, machine).system, config, quiescers: [] });
  };
  const vss = '[snapshot]\ntaker = vss\n';
  t.match(await expected(''), { consistency: 'crash' }, 'nothing is frozen by us');
  t.match(await expected(vss), { consistency: 'application', reason: /VSS writers/ });
  t.match(await expected(vss, { services: { MySQL80: running } }), { consistency: 'file-system', reason: /^MySQL/ });
  t.match(await expected(vss, { files: {} }), { consistency: 'none', reason: /only Windows Server has it/ });
  t.match(await expected(`${vss}[vss]\nvolumes = Z:\n`), { consistency: 'none', reason: /^Z:/ });
});
