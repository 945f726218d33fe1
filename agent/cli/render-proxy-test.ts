import type { Trial } from '../proxy/trial.ts';
import { hang } from './wrap.ts';

/** `docs/schema/proxy-test.schema.json` */
export const proxyTestJson = (trials: readonly Trial[]) => ({
  schema: 1,
  reached: trials.every(({ fault }) => fault === undefined),
  tried: trials.map(({ purpose, endpoint, proxy, consumers, steps, status, issuer, fault, diagnosis }) => ({
    purpose,
    endpoint,
    ...(proxy === undefined ? {} : { proxy }),
    consumers,
    steps,
    ...(issuer === undefined ? {} : { issuer }),
    ...(status === undefined ? {} : { status }),
    ...(fault === undefined ? {} : { fault: fault.code }),
    ...diagnosis,
  })),
});

/** By way, in the order in which they were found; what is wrong beneath each endpoint, once where several share it. */
export function renderProxyTest(trials: readonly Trial[], width: number): string {
  const byWay = Map.groupBy(trials, ({ proxy }) => proxy);
  const ways = [...byWay].flatMap(([proxy, those]) => [
    proxy === undefined ? 'Directly:' : `Through ${proxy}:`,
    ...those.flatMap((trial) => [...hang(markOf(trial), `${trial.endpoint} (${wordsOf(trial)})`, width)]),
    ...advice(those, width),
    '',
  ]);
  const failed = trials.filter(({ fault }) => fault !== undefined).length;
  const whole = failed === 0 ? 'Everything is reached.' : `${failed} of ${trials.length} are not reached.`;
  return `${[...ways, trials.length === 0 ? 'There is nothing to try.' : whole].join('\n')}\n`;
}

const markOf = ({ fault, diagnosis }: Trial): string =>
  fault !== undefined ? '  FAIL  ' : diagnosis === undefined ? '  ok    ' : '  WARN  ';

/** `storage, for agent and extensions: resolve 2 ms, connect 1 ms` */
const wordsOf = ({ purpose, consumers, steps, status }: Trial): string =>
  [
    `${purpose}, for ${consumers.join(', ')}`,
    steps.map(({ step, ms }) => `${step} ${ms} ms`).join(', '),
    ...(status === undefined ? [] : [`status ${status}`]),
  ].join('; ');

function advice(trials: readonly Trial[], width: number): readonly string[] {
  const told = new Map(trials.flatMap(({ diagnosis }) => (diagnosis ? [[diagnosis.message, diagnosis.remedy]] : [])));
  return [...told].flatMap(([message, remedy]) => ['', ...hang('  ', message, width), ...hang('  → ', remedy, width)]);
}
