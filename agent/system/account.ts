import { UserError } from '../errors.ts';
import { readableText } from './readable.ts';
import type { System } from './system.ts';

/** A user of the operating system. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

const LOOKUP_MS = 5000;

/** By name or number, from wherever the machine keeps its users: getent(1) also asks LDAP. Undefined: there is none. */
export async function accountOf(system: System, user: string | number): Promise<Account | undefined> {
  const { stdout } = await system.run(['getent', 'passwd', String(user)], { timeoutMs: LOOKUP_MS });
  return parseAccount(stdout);
}

/** One line of passwd(5). */
export function parseAccount(text: string): Account | undefined {
  const [name = '', , uid = '', gid = '', , home = ''] = (text.split('\n')[0] ?? '').split(':');
  if (name === '' || !/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid)) return undefined;
  return { name, uid: Number(uid), gid: Number(gid), home: home === '' ? '/' : home };
}

/** The effective user of a process; undefined when it has gone. */
export async function ownerOf(system: System, pid: number): Promise<number | undefined> {
  const uid = /^Uid:\s+\d+\s+(\d+)/m.exec((await readableText(system, `/proc/${pid}/status`)) ?? '')?.[1];
  return uid === undefined ? undefined : Number(uid);
}

/**
 * What stands before an argv, and in its environment, for it to run as that user with his own files of passwords. By
 * setpriv(1), which asks no PAM and leaves no process in between; root needs nothing of it.
 */
export const asAccount = ({
  uid,
  gid,
  name,
  home,
}: Account): { readonly argv: readonly string[]; readonly env: Readonly<Record<string, string>> } => ({
  argv: uid === 0 ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${gid}`, '--init-groups', '--'],
  env: { HOME: home, USER: name, LOGNAME: name },
});

export const noSuchAccount = (user: string): UserError =>
  new UserError('quiescer.no-user', `there is no user ${user} on this machine`, {
    remedy: 'Name one that there is: user = NAME in the section of the quiescer.',
  });
