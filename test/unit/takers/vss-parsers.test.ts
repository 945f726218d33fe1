import { readFileSync } from 'node:fs';
import t from 'tap';
import { parseShadowIds, parseShadowLog } from '../../../agent/takers/vss/shadow-ids.ts';
import { parseVssError } from '../../../agent/takers/vss/vss-error.ts';

const RECORDED = readFileSync(new URL('../../fixtures/windows/diskshadow-create.txt', import.meta.url), 'utf8');
const SET = {
  set: '{9ea220e6-a403-43ad-b78b-ba251611c03a}',
  shadows: ['{2f068120-8f43-4a2a-8987-c8058e898188}', '{a9955f48-0d54-427c-b795-6cbf81e8e7ca}'],
};

t.test('ids of shadow copies', async (t) => {
  t.strictSame(parseShadowIds(RECORDED), SET);
  t.strictSame(parseShadowIds(RECORDED.replaceAll('\n', '\r\n')), SET);
  t.strictSame(parseShadowIds(RECORDED.replaceAll(/[a-z]{3,}(?= )/g, 'ﾃﾞｨｽｸ')), SET, 'in any language');
  t.strictSame(parseShadowIds(RECORDED.replaceAll('QUIESCED_2', 'X'))?.shadows, SET.shadows.slice(0, 1));
  t.strictSame(parseShadowIds(RECORDED.replaceAll('QUIESCED_1', 'X'))?.shadows, SET.shadows.slice(1));
  t.equal(parseShadowIds(RECORDED.replaceAll('VSS_SHADOW_SET', 'X')), undefined);
  const other = RECORDED.replace('{2f068120', '{00000000');
  t.equal(parseShadowIds(other), undefined, 'two ids for one');
  t.strictSame(parseShadowLog(Buffer.from(`\ufeff${RECORDED}`, 'utf16le').toString('latin1')), SET);
  t.strictSame(parseShadowLog(Buffer.from(RECORDED).toString('latin1')), SET);
});

t.test('errors of VSS, whichever way they are named', async (t) => {
  for (const text of ['0x8004231f', 'HRESULT: 8004231F', 'Error text: VSS_E_INSUFFICIENT_STORAGE'])
    t.match(parseVssError(text), { name: 'VSS_E_INSUFFICIENT_STORAGE', remedy: /shadowstorage/ }, text);
  t.match(parseVssError('VSS_E_NEW_ONE'), { name: 'VSS_E_NEW_ONE', remedy: /wevtutil/ });
  t.match(parseVssError('0x800423ff'), { name: '0x800423ff' });
  t.equal(parseVssError(RECORDED), undefined);
});
