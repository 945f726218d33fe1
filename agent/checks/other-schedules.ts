import { readableList, readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/** Something that starts by the clock, and in which hours of the day, local time. */
export interface Scheduled {
  /** What is looked for in it: the command of a line of cron, the unit of a timer. */
  readonly what: string;
  readonly hours: readonly number[];
}

/** What cron and systemd start by themselves. Without root the crontabs of users are closed, and left out. */
export async function readSchedules(system: System): Promise<readonly Scheduled[]> {
  const [crontabs, timers] = await Promise.all([readCrontabs(system), readTimers(system)]);
  return [...crontabs, ...timers];
}

/** Of all users; Debian keeps theirs a folder deeper than others do. */
const FOLDERS = ['/etc/cron.d', '/var/spool/cron/crontabs', '/var/spool/cron'];

async function readCrontabs(system: System): Promise<readonly Scheduled[]> {
  const names = await Promise.all(
    FOLDERS.map(async (folder) => (await readableList(system, folder)).map((name) => `${folder}/${name}`)),
  );
  const texts = await Promise.all(['/etc/crontab', ...names.flat()].map((path) => readableText(system, path)));
  return texts.flatMap((text) => crontab(text ?? ''));
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const NICKNAMES: Readonly<Record<string, readonly number[]>> = {
  '@yearly': [0],
  '@annually': [0],
  '@monthly': [0],
  '@weekly': [0],
  '@daily': [0],
  '@midnight': [0],
  '@hourly': HOURS,
};

/** The lines that start something; the user column of the system's own tables stays part of the command. */
export const crontab = (text: string): readonly Scheduled[] =>
  text.split('\n').flatMap((line) => {
    const [first = '', ...rest] = line.trim().split(/\s+/);
    const nickname = Object.hasOwn(NICKNAMES, first) ? NICKNAMES[first] : undefined;
    if (nickname !== undefined) return [{ what: rest.join(' '), hours: nickname }];
    const hours = /^[\d*]/.test(first) && rest.length >= 5 ? cronHours(rest[0] ?? '') : undefined;
    return hours === undefined ? [] : [{ what: rest.slice(4).join(' '), hours }];
  });

/** The second field of a line, `*`, `2`, `1-5/2,22`: crontab(5). Undefined for what is none. */
export function cronHours(field: string): readonly number[] | undefined {
  const hours = new Set<number>();
  for (const part of field.split(',')) {
    const [, star, from, to, step = '1'] = /^(?:(\*)|(\d{1,2})(?:-(\d{1,2}))?)(?:\/(\d{1,2}))?$/.exec(part) ?? [];
    if ((star === undefined && from === undefined) || Number(step) === 0) return undefined;
    const first = Number(from ?? 0);
    // `5/2` without a range goes on to the end, as with vixie-cron.
    const last = Number(to ?? (star !== undefined || part.includes('/') ? 23 : first));
    if (last > 23 || first > last) return undefined;
    for (let hour = first; hour <= last; hour += Number(step)) hours.add(hour);
  }
  return [...hours].sort((a, b) => a - b);
}

const QUERY_MS = 3000;

async function readTimers(system: System): Promise<readonly Scheduled[]> {
  if (!system.live) return [];
  const argv = ['systemctl', 'show', '--no-pager', '--property=Id', '--property=Unit'];
  const { exitCode, stdout } = await system.run([...argv, '--property=NextElapseUSecRealtime', '*.timer'], {
    timeoutMs: QUERY_MS,
  });
  return exitCode === 0 ? parseTimers(stdout) : [];
}

/** Each with the hour of its next start: a timer that starts several times a day shows one of them. */
export const parseTimers = (output: string): readonly Scheduled[] =>
  output.split(/\n\s*\n/).flatMap((block) => {
    const value = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(block)?.[1] ?? '';
    const hour = /(?:^|\s)(\d{2}):\d{2}:\d{2}/.exec(value('NextElapseUSecRealtime'))?.[1];
    const what = `${value('Id')} ${value('Unit')}`.trim();
    return hour === undefined || Number(hour) > 23 || what === '' ? [] : [{ what, hours: [Number(hour)] }];
  });
