import type { ServiceState, ServiceStates, StartType } from '../system/service-states.ts';
import type { System } from '../system/system.ts';

/** Of a live Windows; what asks exists on no other system. */
export function statesOf({ services }: Pick<System, 'services'>): ServiceStates {
  if (services === undefined) throw new Error('there is nobody to ask for services here');
  return services;
}

/** Each by its name, as it was asked for; `undefined` for one that is not installed. */
export async function servicesOf<Name extends string>(
  system: System,
  names: readonly Name[],
): Promise<Readonly<Record<Name, ServiceState | undefined>>> {
  const states = statesOf(system);
  const asked = await Promise.all(names.map(async (name) => [name, await states.read(name)] as const));
  return Object.fromEntries(asked) as Record<Name, ServiceState | undefined>;
}

/** How a service must be. */
export interface Wanted {
  readonly runs?: true;
  /** Any of these; every one but `disabled` when left out. */
  readonly starts?: readonly StartType[];
}

/** What is wrong with it, as the rest of a sentence: `is stopped`. */
export function isOutOfOrder({ state, start }: ServiceState, { runs, starts }: Wanted): string | undefined {
  if (start === 'disabled') return 'is disabled';
  if (runs === true && state !== 'running') return `is ${state}`;
  const right: readonly string[] | undefined = starts;
  return right === undefined || right.includes(start)
    ? undefined
    : `is started ${start === 'manual' ? 'by hand' : `as "${start}"`}, and should be ${right.join(' or ')}`;
}
