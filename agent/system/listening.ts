import { boundedly, FILES_AT_ONCE } from './bounded.ts';
import { readableLink, readableList, readableText } from './readable.ts';
import type { System } from './system.ts';

/** Where a process waits for connections. */
export interface Listening {
  /** Unix sockets, by their paths as the process named them. */
  readonly sockets: readonly string[];
  /** TCP, rising. */
  readonly ports: readonly number[];
}

/** TCP_LISTEN of net/tcp_states.h. */
const LISTEN = '0A';

/** What a process listens on, seen in its own network namespace; nothing where we may not look (without root). */
export async function listeningOf(system: System, pid: number): Promise<Listening> {
  const folder = `/proc/${pid}/fd`;
  const links = await boundedly(FILES_AT_ONCE, await readableList(system, folder), (fd) =>
    readableLink(system, `${folder}/${fd}`),
  );
  const inodes = new Set(links.flatMap((link) => /^socket:\[(\d+)\]$/.exec(link ?? '')?.[1] ?? []));
  if (inodes.size === 0) return { sockets: [], ports: [] };
  const [unix, tcp, tcp6] = await Promise.all(
    ['unix', 'tcp', 'tcp6'].map((name) => readableText(system, `/proc/${pid}/net/${name}`)),
  );
  return {
    sockets: parseUnixSockets(unix ?? '', inodes),
    ports: parseTcpListeners(`${tcp ?? ''}\n${tcp6 ?? ''}`, inodes),
  };
}

/** Of /proc/net/unix: `Num RefCount Protocol Flags Type St Inode Path`; the flag 00010000 is __SO_ACCEPTCON. */
export const parseUnixSockets = (text: string, inodes: ReadonlySet<string>): readonly string[] =>
  text.split('\n').flatMap((line) => {
    const [, flags, inode = '', path] = /^\S+: \S+ \S+ (\S+) \S+ \S+ +(\d+) (\/.*)$/.exec(line) ?? [];
    return flags === '00010000' && path !== undefined && inodes.has(inode) ? [path] : [];
  });

/** Of /proc/net/tcp and tcp6: `sl local_address rem_address st … inode`. */
export function parseTcpListeners(text: string, inodes: ReadonlySet<string>): readonly number[] {
  const ports = text.split('\n').flatMap((line) => {
    const fields = line.trim().split(/\s+/);
    const port = /^[0-9A-F]+:([0-9A-F]{4})$/.exec(fields[1] ?? '')?.[1];
    return port !== undefined && fields[3] === LISTEN && inodes.has(fields[9] ?? '') ? [Number.parseInt(port, 16)] : [];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}
