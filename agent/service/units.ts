import { readFileSync } from 'node:fs';

/** The ways to run: a process that stays, or none until somebody asks or the timer elapses. What is enabled for each. */
export const WAYS = {
  resident: ['quiesced.service'],
  'on-demand': ['quiesced.socket', 'quiesced.timer'],
} as const;

export type Way = keyof typeof WAYS;

export const UNITS = [...WAYS.resident, ...WAYS['on-demand']] as const;
export type Unit = (typeof UNITS)[number];

/** What is in `systemd/`, as the package installs it. */
export const SOURCES = [...UNITS, 'quiesced.tmpfiles'] as const;
type Source = (typeof SOURCES)[number];

/** How the package starts the program, and so what stands in its units. */
export const PACKAGED = ['/usr/lib/quiesced/bin/node', '/usr/lib/quiesced/quiesced.mjs'] as const;

/** Put in by the bundler; a tree of sources has the files. */
declare const QUIESCED_UNITS: Readonly<Record<Source, string>> | undefined;

/** @param self what the units start: a program and its first arguments. Flags for Node that a unit has stay. */
export function textOf(source: Source, self: readonly string[]): string {
  const [program = '', ...rest] = self.map(word);
  return packagedText(source)
    .replaceAll(PACKAGED[0], () => program)
    .replaceAll(PACKAGED[1], () => rest.join(' '));
}

const packagedText = (source: Source): string =>
  typeof QUIESCED_UNITS === 'object'
    ? QUIESCED_UNITS[source]
    : readFileSync(new URL(`../../systemd/${source}`, import.meta.url), 'utf8');

/** systemd.service(5), "Command lines": % and $ begin what is expanded, quotes keep blanks together. */
function word(text: string): string {
  const plain = text.replaceAll('%', '%%').replaceAll('$', '$$$$');
  return /^[\w./@%$:+=-]+$/.test(plain) ? plain : `"${plain.replace(/[\\"]/g, '\\$&')}"`;
}
