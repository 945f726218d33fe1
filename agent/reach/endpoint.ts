/** Whom a backup needs to reach, and as what. */
export interface Endpoint {
  /** `host`: Azure's own, on every machine, and never behind a proxy. `chosen`: named by whoever runs this machine. */
  readonly purpose: 'host' | 'storage' | 'identity' | 'backup' | 'chosen';
  /** `http:` for the host's services alone. */
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A name of DNS has at most 253 characters; and a port. */
const LONGEST = 253 + ':65535'.length;

/** `name`, `name:port`, `[fd00::8]:port`: an address as people write it, by HTTPS. Undefined for anything else. */
export function endpointAt(text: string): Endpoint | undefined {
  const url = `https://${text}`;
  const written = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?$/i.test(text);
  // Of a name far beyond what DNS allows, Node's canParse thinks better than its constructor.
  if (!written || text.length > LONGEST || !URL.canParse(url)) return undefined;
  return { purpose: 'chosen', url };
}

/** A machine and a port, the name without brackets. */
export interface Hop {
  readonly host: string;
  readonly port: number;
}

export function hopOf({ hostname, port, protocol }: URL): Hop {
  const usual = protocol === 'https:' ? 443 : 80;
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? usual : Number(port) };
}

/** `name:443`, `[fd00::8]:443` */
export const hopText = ({ host, port }: Hop): string => `${host.includes(':') ? `[${host}]` : host}:${port}`;
