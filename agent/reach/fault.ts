import { errnoOf, messageOf } from '../errors.ts';

/** The steps of a way, in their order. */
export type StepName = 'resolve' | 'connect' | 'tunnel' | 'tls' | 'http';

/** What stopped it, by the layer that said no. Stable: part of the JSON. */
export type FaultCode =
  | 'dns.unknown'
  | 'dns.silent'
  | 'tcp.refused'
  | 'tcp.silent'
  | 'tcp.unreachable'
  | 'proxy.address'
  | 'proxy.authentication'
  | 'proxy.forbids'
  | 'proxy.cannot'
  | 'proxy.silent'
  | 'proxy.closes'
  | 'proxy.not-http'
  | 'tls.intercepted'
  | 'tls.untrusted'
  | 'tls.invalid'
  | 'tls.closes'
  | 'tls.silent'
  | 'tls.failed'
  | 'http.status'
  | 'http.closes'
  | 'http.silent';

export interface ReachFault {
  readonly code: FaultCode;
  /** What was seen, to stand behind the name of what is meant: `answers 407`, `ECONNREFUSED`. */
  readonly detail: string;
}

/** Thrown by a step that knows what stopped it. */
export class Stopped extends Error {
  readonly fault: ReachFault;
  constructor(code: FaultCode, detail: string) {
    super(detail);
    this.fault = { code, detail };
  }
}

/** What an error of a step means, where the step did not say it itself. */
export function faultOf(step: StepName, error: unknown, late: boolean): ReachFault {
  if (error instanceof Stopped) return error.fault;
  if (late) return { code: SILENT[step], detail: 'no answer in time' };
  const code = errnoOf(error) ?? '';
  return { code: codeOf(step, code), detail: code === '' ? messageOf(error) : code };
}

const SILENT: Readonly<Record<StepName, FaultCode>> = {
  resolve: 'dns.silent',
  connect: 'tcp.silent',
  tunnel: 'proxy.silent',
  tls: 'tls.silent',
  http: 'http.silent',
};

const CLOSED = ['ECONNRESET', 'EPIPE', 'ECONNABORTED'];

function codeOf(step: StepName, code: string): FaultCode {
  const closed = CLOSED.includes(code);
  switch (step) {
    case 'resolve':
      return 'dns.unknown';
    case 'connect':
      if (code === 'ECONNREFUSED') return 'tcp.refused';
      // The kernel's own patience, should it be shorter than ours.
      return code === 'ETIMEDOUT' ? 'tcp.silent' : 'tcp.unreachable';
    case 'tunnel':
      return closed ? 'proxy.closes' : 'proxy.not-http';
    case 'tls':
      return closed ? 'tls.closes' : 'tls.failed';
    case 'http':
      return 'http.closes';
  }
}
