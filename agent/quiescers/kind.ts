import type { KeySpec, SectionOf } from '../config/schema.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { DATABASES, type DatabaseKind } from '../system/databases.ts';
import type { System } from '../system/system.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';

export type Keys = Readonly<Record<string, KeySpec>>;

/** An application that can be held: what `[quiescer ID]` and `[quiescer ID.NAME]` mean. */
export interface QuiescerKind<K extends Keys = Keys> {
  readonly id: string;
  readonly title: string;
  /** The servers that it can hold. */
  readonly serves: readonly DatabaseKind[];
  /** Its own keys, besides those of every quiescer. */
  readonly keys: K;
  create(parts: QuiescerParts, settings: SectionOf<K>): ConfiguredQuiescer;
}

/** What every quiescer gets. */
export interface QuiescerParts {
  readonly system: System;
  /** How this program is started again: `[node, main.ts]`. */
  readonly self: readonly string[];
  readonly id: string;
  readonly title: string;
  readonly lockWaitMs: number;
  readonly holdMs: number;
  /** After that nothing may be held any more, also if this process is stopped. */
  readonly lifeMs: number;
  readonly onFailure?: 'continue' | 'abort';
  /** What runs here, as it is now. */
  instances(): Promise<readonly DatabaseInstance[]>;
}

/** Keeps the types of the keys and of what `create` gets together. */
export const defineKind = <const K extends Keys>(kind: QuiescerKind<K>): QuiescerKind =>
  kind as unknown as QuiescerKind;

/**
 * Two products that are held alike, the one having come from the other. Each takes the servers of both, since a server may
 * go by the older name.
 */
export const defineAlike = <const K extends Keys, const D extends DatabaseKind>(
  serves: readonly [D, D],
  alike: Pick<QuiescerKind<K>, 'keys'> & {
    create(kind: D, parts: QuiescerParts, settings: SectionOf<K>): ConfiguredQuiescer;
  },
): readonly [QuiescerKind, QuiescerKind] => {
  const kindOf = (id: D) =>
    defineKind<K>({
      ...alike,
      id,
      title: DATABASES[id],
      serves,
      create: (parts, settings) => alike.create(id, parts, settings),
    });
  return [kindOf(serves[0]), kindOf(serves[1])];
};

/** `PostgreSQL (main)`. */
export const titleOf = (title: string, id: string): string => {
  const name = id.slice(id.indexOf('.') + 1);
  return name === id ? title : `${title} (${name})`;
};

/**
 * The one that is meant: it listens where the settings say, or is the only one of its kind where they say nothing. What
 * lives in a container is never meant; what anybody could have started gets our credentials only where it is named.
 */
export function pickInstance(
  instances: readonly DatabaseInstance[],
  serves: readonly DatabaseKind[],
  isMeant: ((instance: DatabaseInstance) => boolean) | undefined,
): DatabaseInstance | undefined {
  const candidates = instances.filter(({ kind, contained }) => serves.includes(kind) && !contained);
  const meant = candidates.filter(isMeant ?? (({ doubtful }) => !doubtful));
  return meant.length === 1 ? meant[0] : undefined;
}
