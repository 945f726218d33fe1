import type { FaultCode, ReachFault } from './fault.ts';

/** What is wrong, for whom to mend it. */
export interface Diagnosis {
  /** Goes on after the name of what is meant: `127.0.0.1:3128 refuses the connection`. */
  readonly message: string;
  readonly remedy: string;
}

/** What a way consists of, by names that may be shown. */
export interface WayNames {
  readonly endpoint: string;
  /** Undefined: directly. */
  readonly proxy: string | undefined;
}

/** Names the layer that said no; a pure function. */
export function diagnose({ code, detail }: ReachFault, names: WayNames): Diagnosis {
  const { what, remedy } = MEANINGS[code];
  return { message: what(names, detail), remedy: remedy(names) };
}

interface Meaning {
  what(names: WayNames, detail: string): string;
  remedy(names: WayNames): string;
}

/** Who is connected to: the proxy where there is one. */
const first = ({ endpoint, proxy }: WayNames): string => (proxy === undefined ? endpoint : `the proxy ${proxy}`);
const OTHER_PROXY = 'If it is the wrong address: quiesced proxy apply --url http://HOST:PORT';
const firewall = (names: WayNames): string =>
  names.proxy === undefined
    ? `Allow this machine out to ${names.endpoint}: network security group, firewall, routes.`
    : `Let the proxy take this machine, and rules on the way too. ${OTHER_PROXY}`;
const resolver = (names: WayNames): string =>
  names.proxy === undefined
    ? 'Mend the resolver of this machine, or go through a proxy, which resolves names itself. See: getent ahosts NAME'
    : `Mend the resolver of this machine, or name the proxy by its address. ${OTHER_PROXY}`;
const opened = (): string =>
  'Have whoever runs the proxy or firewall exempt the names of Azure from TLS inspection: storage and the agent verify certificates, and data would be read on the way.';

const MEANINGS: Readonly<Record<FaultCode, Meaning>> = {
  'dns.unknown': { what: (names, detail) => `DNS: ${first(names)}: ${detail}`, remedy: resolver },
  'dns.silent': { what: (names) => `DNS: nobody resolves the name of ${first(names)} in time`, remedy: resolver },
  'tcp.refused': {
    what: (names) => `TCP: ${first(names)} refuses the connection`,
    remedy: (names) =>
      names.proxy === undefined ? firewall(names) : `Start the proxy, or have it listen there. ${OTHER_PROXY}`,
  },
  'tcp.silent': { what: (names) => `TCP: ${first(names)} does not answer; packets are dropped`, remedy: firewall },
  'tcp.unreachable': { what: (names, detail) => `TCP: no way to ${first(names)} (${detail})`, remedy: firewall },
  'proxy.address': {
    what: (names, detail) => `proxy: ${names.proxy} cannot be used: ${detail}`,
    remedy: () => 'Name it as http://HOST:PORT: quiesced proxy apply --url http://HOST:PORT',
  },
  'proxy.authentication': {
    what: (names, detail) => `proxy: ${names.proxy} ${detail}: it wants a user and password`,
    remedy: () => 'Azure Backup supports no such proxy. Have it let this machine pass by its address.',
  },
  'proxy.forbids': {
    what: (names, detail) => `proxy: ${names.proxy} ${detail}: it does not let this machine go to ${names.endpoint}`,
    remedy: (names) => `Allow CONNECT to ${names.endpoint} in the rules of the proxy.`,
  },
  'proxy.cannot': {
    what: (names, detail) => `proxy: ${names.proxy} ${detail}: it cannot reach ${names.endpoint} itself`,
    remedy: () => 'Let the proxy out to Azure (ports 80 and 443), and see that it resolves names.',
  },
  'proxy.silent': {
    what: (names) => `proxy: ${names.proxy} takes the connection and never answers`,
    remedy: () => `See whether it is overloaded, or something else listens there. ${OTHER_PROXY}`,
  },
  'proxy.closes': {
    what: (names, detail) => `proxy: ${names.proxy} closes the connection without an answer (${detail})`,
    remedy: () => `See its log: a rule of its own, or something else that listens there. ${OTHER_PROXY}`,
  },
  'proxy.not-http': {
    what: (names, detail) => `proxy: what listens at ${names.proxy} is no HTTP proxy (${detail})`,
    remedy: () => OTHER_PROXY,
  },
  'tls.intercepted': {
    what: (names, detail) =>
      `TLS: the certificate of ${names.endpoint} is ${detail}, which nothing here trusts: somebody opens the connection on the way`,
    remedy: opened,
  },
  'tls.untrusted': {
    what: (names, detail) => `TLS: this machine does not trust ${names.endpoint} (${detail})`,
    remedy: () => 'Bring the authorities of this machine up to date: the package ca-certificates.',
  },
  'tls.invalid': {
    what: (names, detail) => `TLS: the certificate of ${names.endpoint} is not valid (${detail})`,
    remedy: () => 'See that the clock of this machine is right, and that the name leads where it should.',
  },
  'tls.closes': {
    what: (names, detail) => `TLS: the connection to ${names.endpoint} is cut as TLS begins (${detail})`,
    remedy: (names) => `A firewall or proxy that looks into TLS does that: have it let ${names.endpoint} pass.`,
  },
  'tls.silent': {
    what: (names) => `TLS: ${names.endpoint} does not answer once TLS begins`,
    remedy: (names) => `A firewall that looks into TLS, or a wrong MTU, does that: have ${names.endpoint} let pass.`,
  },
  'tls.failed': {
    what: (names, detail) => `TLS: no TLS 1.2 with ${names.endpoint} (${detail})`,
    remedy: () => 'Something on the way does not speak it, or no TLS at all: see who answers there.',
  },
  'http.status': {
    what: (names, detail) => `HTTP: ${names.endpoint} ${detail}`,
    remedy: () => 'Try again later; if it stays so, something on the way answers in its place.',
  },
  'http.closes': {
    what: (names, detail) => `HTTP: ${names.endpoint} closes the connection without an answer (${detail})`,
    remedy: () => 'Try again later; if it stays so, something on the way answers in its place.',
  },
  'http.silent': {
    what: (names) => `HTTP: ${names.endpoint} takes the request and never answers`,
    remedy: () => 'Try again later; if it stays so, look for a firewall on the way.',
  },
};

/** Trusted here, and by nobody else: it works for those programs alone that use the store of this machine. */
export const inspected = (endpoint: string, issuer: string): Diagnosis => ({
  message: `TLS: the certificate of ${endpoint} is issued by ${issuer}, which this machine trusts and nobody else does: somebody opens the connection on the way`,
  remedy: opened(),
});
