import { UserError } from '../errors.ts';
import type { DatabaseKind } from '../system/databases.ts';
import type { QuiescerParts } from './kind.ts';
import type { ConfiguredQuiescer } from './quiescer.ts';

/** There are no other sockets on Windows than those of TCP. */
export const LOOPBACK = '127.0.0.1';

interface Where {
  readonly host: string | undefined;
  /** 0: that of the only one here. */
  readonly port: number;
}

/**
 * The port of the server that is meant; undefined for one elsewhere whose section says none. Throws a `UserError` where
 * none of this machine is found: everybody may listen where a server listens as a rule, and would be told the password.
 */
export async function portOnWindows(
  { instances }: QuiescerParts,
  { host, port }: Where,
  pick: ConfiguredQuiescer['pick'],
  serves: readonly DatabaseKind[],
): Promise<number | undefined> {
  if (port !== 0) return port;
  if (host !== undefined) return undefined;
  const all = await instances();
  const found = pick(all)?.ports[0];
  if (found !== undefined) return found;
  const here = all.filter(({ kind }) => serves.includes(kind));
  const remedy = 'If it is the one that is meant, name it in its section: port = NUMBER.';
  const [one] = here;
  if (one === undefined) {
    throw new UserError('quiescer.not-found', 'it does not run on this machine', {
      remedy: 'Start it, or say where it is: host = NAME and port = NUMBER in its section.',
    });
  }
  if (here.filter(({ doubtful }) => !doubtful).length > 1) {
    const ports = here.flatMap((each) => each.ports).join(', ');
    throw new UserError('quiescer.several', `several of its kind run here, on the ports ${ports}`, { remedy });
  }
  const what = one.doubtful
    ? 'is not run as a service, and gets no password'
    : 'listens on no port, or another program does so at 127.0.0.1';
  throw new UserError('quiescer.doubtful', `process ${one.pid} ${what}`, { remedy });
}
