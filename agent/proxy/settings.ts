import { UserError } from '../errors.ts';

/** A proxy that all of Azure's traffic may take, and who is reached without it. */
export interface ProxySettings {
  /** A name, an IPv4 address, or an IPv6 address without its brackets. */
  readonly host: string;
  readonly port: number;
  /** In order, each once, the required ones first. */
  readonly bypass: readonly string[];
}

/**
 * Azure's host (the agent's own traffic, never through a proxy), the metadata service, and this machine. 127.0.0.1 as
 * well: Python and older versions of curl know no networks in `no_proxy`.
 */
export const REQUIRED_BYPASS: readonly string[] = [
  '168.63.129.16',
  '169.254.169.254',
  'localhost',
  '127.0.0.1',
  '127.0.0.0/8',
  '::1',
];

const SUPPORT_MATRIX = 'https://learn.microsoft.com/azure/backup/backup-support-matrix-iaas';

/**
 * Reads an address as a person gives it. Throws a `UserError` that names `source` (`--url`, `http_proxy` …) and never
 * the address: it may hold a password in the wrong place. `proxy.credentials`, `proxy.scheme`, `proxy.url`.
 */
export function proxySettings(url: string, bypass: readonly string[], source: string): ProxySettings {
  const [, scheme = '', rest = ''] = /^(?:([a-z][a-z0-9+.-]*):\/\/)?(.*)$/is.exec(url) ?? [];
  if (rest.includes('@')) throw credentials(source);
  if (scheme.toLowerCase() === 'https') throw overTls(source);
  const [, host = '', digits = ''] = /^(\[[^\]]*\]|[^:/?#\s]+):(\d{1,5})\/?$/.exec(rest) ?? [];
  const port = Number(digits);
  if (scheme.toLowerCase() !== 'http' || port < 1 || port > 65_535 || !URL.canParse(`http://${host}:${digits}`)) {
    throw wrongUrl(source);
  }
  const { hostname } = new URL(`http://${host}:${digits}`);
  // Whatever is written into a shell's, systemd's or apt's quotes must need none.
  if (!/^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)$/.test(hostname)) throw wrongUrl(source);
  return { host: hostname.replace(/^\[|\]$/g, ''), port, bypass: wholeBypass(bypass, source) };
}

/** `http://10.0.0.8:3128`, `http://[fd00::8]:3128`. */
export const urlOf = ({ host, port }: Pick<ProxySettings, 'host' | 'port'>): string =>
  `http://${host.includes(':') ? `[${host}]` : host}:${port}`;

function wholeBypass(more: readonly string[], source: string): readonly string[] {
  const wrong = more.find((item) => !/^[\w.*:[\]/-]+$/.test(item) || item.includes('//'));
  if (wrong !== undefined) {
    throw new UserError(
      'proxy.bypass',
      `${source}: the bypass list holds what is no host, domain, address or network`,
      {
        remedy: 'Separate them by commas: --bypass .internal.example,10.0.0.0/8',
      },
    );
  }
  const all = [...REQUIRED_BYPASS, ...more];
  return all.filter((item, index) => all.findIndex((each) => each.toLowerCase() === item.toLowerCase()) === index);
}

const credentials = (source: string): UserError =>
  new UserError(
    'proxy.credentials',
    `${source}: a proxy that asks for a user and password cannot be used: Azure Backup supports none (${SUPPORT_MATRIX}), and everybody on this machine could read them where they would be written`,
    { remedy: 'Have the proxy let this machine pass by its address, and give http://HOST:PORT alone.' },
  );

const overTls = (source: string): UserError =>
  new UserError(
    'proxy.scheme',
    `${source}: a proxy that is itself spoken to by TLS (https://) cannot be used: the VM agent takes a host and a port only, and speaks plain HTTP to it`,
    { remedy: 'Give the port of the proxy that takes plain HTTP: http://HOST:PORT. What passes through is encrypted.' },
  );

const wrongUrl = (source: string): UserError =>
  new UserError('proxy.url', `${source}: this is not the address of an HTTP proxy`, {
    remedy: 'Write it with its port: http://proxy.example:3128 or http://[fd00::8]:3128',
  });
