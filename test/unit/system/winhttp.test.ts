import t from 'tap';
import { winHttpProxy, winHttpValue } from '../../../agent/system/winhttp-windows.ts';

t.test('what WinHTTP says is told apart again, however it separates', async (t) => {
  for (const [proxy, bypass, asKept] of [
    ['10.0.0.4:3128', '', '10.0.0.4:3128'],
    ['10.0.0.4:3128', '<local>;*.example', '10.0.0.4:3128'],
    ['http=10.0.0.4:3128 https=10.0.0.5:3129', '10.* <local>', 'http=10.0.0.4:3128;https=10.0.0.5:3129'],
  ] as const) {
    t.strictSame(winHttpProxy(winHttpValue(proxy, bypass)), { proxy: asKept, bypass });
  }
});
