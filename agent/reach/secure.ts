import type { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { isIP, type Socket } from 'node:net';
import { connect, type SecureContext, type TLSSocket } from 'node:tls';
import { isPublic } from './authorities.ts';
import { Stopped } from './fault.ts';

export interface Secured {
  readonly socket: TLSSocket;
  /** Who says that this is the one we meant: the name of the topmost certificate's issuer. */
  readonly issuer: string;
  /** Trusted here, but nobody elsewhere knows the issuer: somebody on the way opens what is encrypted. */
  readonly privateIssuer: boolean;
}

/** TLS over the socket, judged by what this machine trusts. Throws `Stopped` with the issuer named where it does not. */
export async function secure(
  socket: Socket,
  host: string,
  context: SecureContext,
  signal: AbortSignal,
): Promise<Secured> {
  const name = isIP(host) === 0 ? { servername: host } : {};
  // We judge ourselves, because a refused certificate is what we want to look at. Nothing is sent that matters.
  const secured = connect({ socket, host, ...name, secureContext: context, rejectUnauthorized: false });
  try {
    await once(secured, 'secureConnect', { signal });
  } catch (error) {
    secured.on('error', () => undefined).destroy();
    throw error;
  }
  const chain = chainOf(secured);
  const issuer = nameIn(chain.at(-1)?.issuer ?? '');
  const why = secured.authorized ? undefined : String(secured.authorizationError);
  const known = isPublic(chain);
  if (why !== undefined) {
    secured.destroy();
    throw distrusted(why, issuer, known);
  }
  return { socket: secured, issuer, privateIssuer: !known };
}

/** `ERR_TLS_CERT_ALTNAME_INVALID` and times are about this one certificate, whoever has signed it. */
function distrusted(why: string, issuer: string, known: boolean): Stopped {
  const by = `issued by ${issuer}`;
  if (/EXPIRED|NOT_YET_VALID|ALTNAME/.test(why)) return new Stopped('tls.invalid', `${why}, ${by}`);
  return known ? new Stopped('tls.untrusted', `${why}, ${by}`) : new Stopped('tls.intercepted', by);
}

/** From the machine's own certificate upwards, as it was sent; no longer than any that is honest. */
function chainOf(socket: TLSSocket): readonly X509Certificate[] {
  const chain: X509Certificate[] = [];
  let one = socket.getPeerX509Certificate();
  while (one !== undefined && chain.length < 10) {
    chain.push(one);
    one = one.issuerCertificate;
  }
  return chain;
}

/** `CN=…` of a distinguished name, else its organisation. */
function nameIn(distinguished: string): string {
  const parts = new Map(distinguished.split('\n').map((line) => line.split('=', 2) as [string, string]));
  return (parts.get('CN') ?? parts.get('O') ?? 'nobody').slice(0, 80);
}
