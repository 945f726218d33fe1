import type { FileChange } from '../system/changes.ts';
import type { Platform, System } from '../system/system.ts';
import type { ProxySettings } from './settings.ts';

/**
 * A place that somebody takes a proxy from. It plans and touches nothing: what is changed, in which order, and how it is
 * taken back when a later one fails, is decided in one place for all of them.
 */
export interface ProxyTarget {
  /** Kebab-case; never changed once released. */
  readonly id: string;
  readonly platforms: readonly Platform[];
  /** Who reads it, for people. */
  readonly about: string;
  /** Changed only when that was asked for, or when ours is there already. */
  readonly optional?: true;
  /** Whether this machine has such a place. */
  isHere(system: System): Promise<boolean>;
  /** What is set there now, by whomever. Secrets are in it: see `shownValue`. */
  read(system: System): Promise<readonly ProxyValue[]>;
  /**
   * What brings the place to what is wanted; `undefined` takes out all that is ours, and nothing else. Empty when it is
   * so already: planned again after it was carried out, or where the place does not exist. Throws a `UserError` for a
   * file that somebody has edited or put in the way (`file.edited`, `file.foreign`).
   */
  plan(system: System, wanted: ProxySettings | undefined): Promise<readonly FileChange[]>;
}

/** One value as its reader would take it: a later one of the same name has won. */
export interface ProxyValue {
  readonly path: string;
  /** As it is called there: `https_proxy`, `HttpProxy.Host`, `Acquire::http::Proxy`. */
  readonly name: string;
  readonly value: string;
}
