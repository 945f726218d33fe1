import type { ServiceState, UnitState } from '../service/state.ts';
import { UNITS } from '../service/units.ts';
import { hang } from './wrap.ts';

const INSTALLED = {
  package: 'by the package',
  'by-hand': 'by quiesced service install',
  no: 'no; as root: quiesced service install',
} as const;
const WAY = { resident: 'stays in memory', 'on-demand': 'started by a request or the timer' } as const;

export function renderService(
  { installed, way, units, readiness }: ServiceState & { readonly readiness: { readonly summary: string } },
  width: number,
): string {
  const line = (name: string, text: string) => hang(name.padEnd(18), text, width);
  return [
    ...line('Installed:', INSTALLED[installed]),
    ...line('Way:', way === undefined ? 'none is enabled' : `${WAY[way]} (${way})`),
    ...UNITS.flatMap((unit) => line(`${unit}:`, inWords(units[unit]))),
    ...line('Readiness:', readiness.summary),
    '',
  ].join('\n');
}

const inWords = ({ enabled, active, pid, memoryBytes }: UnitState): string =>
  [
    enabled,
    active,
    ...(pid === undefined ? [] : [`process ${pid}`]),
    ...(memoryBytes === undefined ? [] : [`${Math.round(memoryBytes / 2 ** 20)} MiB with all that it has started`]),
  ].join(', ');
