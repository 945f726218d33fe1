import { bypasses } from './bypass.ts';
import type { Consumer } from './effective.ts';
import type { Note } from './restarts.ts';
import { shownValue } from './shown.ts';

/** Azure's host and the metadata service: neither is there for a proxy. */
const HOSTS = ['168.63.129.16', '169.254.169.254'];

const APPLY = 'quiesced proxy apply --url http://HOST:PORT';

/** Where programs would go different ways, and what none of them should do; a pure function. */
export function disagreements(consumers: readonly Consumer[]): readonly Note[] {
  return [...differentWays(consumers), ...consumers.flatMap(faultsOf), ...backupExtension(consumers)];
}

/** A person's login is not on the way to Azure: it alone may have a proxy, or none. */
function differentWays(consumers: readonly Consumer[]): readonly Note[] {
  const [set, ...others] = [...new Set(consumers.flatMap(({ proxy }) => proxy ?? []))];
  if (set === undefined) return [];
  const direct = consumers.filter(({ id, proxy }) => proxy === undefined && id !== 'logins').map(({ about }) => about);
  const from = consumers.find(({ proxy }) => proxy === set)?.path;
  return [
    ...(others.length === 0
      ? []
      : [{ message: `Not all use the same proxy: ${[set, ...others].map(shownValue).join(', ')}`, remedy: APPLY }]),
    ...(direct.length === 0
      ? []
      : [
          {
            message: `${shownValue(set)} is set in ${from}, but goes without a proxy: ${direct.join('; ')}`,
            remedy: APPLY,
          },
        ]),
  ];
}

/** Services of Azure's host that the program would look for behind its proxy; the agent never does. */
export const hostsBehindProxy = ({
  id,
  proxy,
  bypass,
}: Pick<Consumer, 'id' | 'proxy' | 'bypass'>): readonly string[] =>
  proxy === undefined || id === 'agent' ? [] : HOSTS.filter((host) => !bypasses(bypass, host));

function faultsOf({ id, about, proxy, plain, path, bypass }: Consumer): readonly Note[] {
  if (proxy === undefined) return [];
  const missing = hostsBehindProxy({ id, proxy, bypass });
  const faults: Note[] = [];
  if (missing.length > 0) {
    faults.push({ message: `${about}: ${missing.join(' and ')} would be looked for behind the proxy`, remedy: APPLY });
  }
  if (proxy.includes('@')) {
    faults.push({
      message: `${about}: ${path} holds a user or password; Azure Backup supports no proxy that asks for them, and everybody here can read it`,
      remedy: 'Have the proxy let this machine pass by its address, then change the password.',
    });
  }
  if (/^https:/i.test(proxy)) {
    faults.push({
      message: `${about}: ${path} names a proxy that is itself spoken to by TLS (https://), which not every program can`,
      remedy: APPLY,
    });
  }
  if (plain !== undefined && plain !== proxy) {
    faults.push({ message: `${about}: HTTP and HTTPS take different proxies`, remedy: APPLY });
  }
  return faults;
}

/** Its condition is inverted (VMBackup/main/HttpUtil.py): nothing that is set anywhere makes it use a proxy. */
const backupExtension = (consumers: readonly Consumer[]): readonly Note[] =>
  consumers.some(({ id, proxy }) => id === 'agent' && proxy !== undefined)
    ? [
        {
          message:
            "Microsoft's own backup extension goes to storage directly whatever is set; it needs that only where it takes the snapshot itself.",
        },
      ]
    : [];
