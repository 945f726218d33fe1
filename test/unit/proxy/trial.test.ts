import t from 'tap';
import { type Traveller, waysTo } from '../../../agent/proxy/trial.ts';
import { HOST_ENDPOINTS } from '../../../agent/reach/host.ts';

const by = (id: Traveller['id'], proxy?: string, bypass: readonly string[] = []): Traveller => ({ id, proxy, bypass });
const STORE = { purpose: 'storage', url: 'https://a.blob.core.windows.net' } as const;

t.test('each different way once, as each program would take it', async (t) => {
  const ways = (travellers: readonly Traveller[], endpoint: Parameters<typeof waysTo>[1][number] = STORE) =>
    waysTo(travellers, [endpoint]).map(({ proxy, consumers }) => `${proxy ?? 'directly'}: ${consumers.join(' ')}`);
  t.strictSame(ways([by('agent'), by('extensions')]), ['directly: agent extensions']);
  t.strictSame(ways([by('agent', 'http://p:1'), by('extensions', 'http://p:1'), by('daemon')]), [
    'http://p:1: agent extensions',
    'directly: daemon',
  ]);
  t.strictSame(ways([by('agent', 'http://p:1', ['.windows.net'])]), ['directly: agent'], 'an exception');
  t.strictSame(ways([by('agent', 'http://p:1')], HOST_ENDPOINTS.wireServer), ['directly: agent'], 'never by a proxy');
  t.strictSame(ways([]), []);
});
