import t from 'tap';
import { bypasses } from '../../../agent/proxy/bypass.ts';
import { assert, integer, ipV4, property } from '../../fast-check.ts';

t.test('who is reached without the proxy', async (t) => {
  const cases: readonly (readonly [string, string, boolean])[] = [
    ['168.63.129.16', '168.63.129.16', true],
    ['168.63.129.1', '168.63.129.16', false],
    ['168.63.129.0/24', '168.63.129.16', true],
    ['168.63.128.0/24', '168.63.129.16', false],
    ['0.0.0.0/0', '168.63.129.16', true],
    ['168.63.129.16/32', '168.63.129.16', true],
    ['63.129.16', '168.63.129.16', false],
    ['*', 'x.example', true],
    ['example', 'x.example', true],
    ['.example', 'x.example', true],
    ['.example', 'example', false],
    ['xample', 'x.example', false],
    ['EXAMPLE', 'x.Example', true],
    ['', 'x.example', false],
    ['10.0.0.0/8', 'x.example', false],
  ];
  for (const [item, host, wanted] of cases) t.equal(bypasses([item], host), wanted, `${item} ${host}`);
  t.equal(bypasses([], 'x'), false);
  assert(property(ipV4(), integer({ min: 0, max: 32 }), (address, bits) => bypasses([`${address}/${bits}`], address)));
});
