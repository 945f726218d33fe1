import { type ProxySettings, urlOf } from './settings.ts';

/** By programs' habit, not by a standard: curl and Python look for the first three, Go and Java's tools for both. */
const NAMES = ['http_proxy', 'https_proxy', 'no_proxy'] as const;
const BOTH_CASES: readonly string[] = [...NAMES, ...NAMES.map((name) => name.toUpperCase())];

export const isProxyVariable = (name: string): boolean => BOTH_CASES.includes(name);

/** Name and value of each, in the order in which they are written. */
export const proxyVariables = (wanted: ProxySettings): readonly (readonly [string, string])[] =>
  BOTH_CASES.map((name) => [name, name.toLowerCase() === 'no_proxy' ? wanted.bypass.join(',') : urlOf(wanted)]);
