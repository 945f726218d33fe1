import { createSecureContext, getCACertificates, type SecureContext } from 'node:tls';

/**
 * Whom to trust: the authorities that come with Node, and those of this machine, since a company that looks into its TLS
 * adds its own there (`SSL_CERT_FILE` is honoured). Made once, before the freeze: it takes some 40 ms, and reads files.
 */
export const trustOf = (ca: string | undefined): SecureContext =>
  createSecureContext({ ca: ca ?? [...getCACertificates('default'), ...getCACertificates('system')] });
