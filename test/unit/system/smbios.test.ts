import t from 'tap';
import { parseSmbiosUuid, SMBIOS, smbiosUuid } from '../../../agent/system/smbios.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { smbiosTables } from '../../fixtures/smbios.ts';

const UUID = '33221100-5544-7766-8899-aabbccddeeff';
const BYTES = '00112233445566778899aabbccddeeff';

t.test('the number of the machine, as Linux writes it', async (t) => {
  t.equal(parseSmbiosUuid(smbiosTables(BYTES)), UUID);
  t.equal(parseSmbiosUuid(smbiosTables('00'.repeat(16))), undefined, 'none was set');
  t.equal(parseSmbiosUuid(smbiosTables('ff'.repeat(16))), undefined, 'not there');
  const whole = smbiosTables(BYTES);
  for (let length = 0; length < whole.length; length += 1) {
    t.match([undefined, UUID].includes(parseSmbiosUuid(whole.subarray(0, length))), true, `cut at ${length}`);
  }
});

t.test('from the registry', async (t) => {
  const registry = { [SMBIOS]: { type: 'binary' as const, data: smbiosTables(BYTES).toString('hex') } };
  const system = fakeSystem({ platform: 'windows', registry });
  const none = fakeSystem({ platform: 'windows' });
  t.teardown(() => [system, none].map(({ cleanUp }) => cleanUp()));
  t.equal(await smbiosUuid(system), UUID);
  t.equal(await smbiosUuid(none), undefined);
});
