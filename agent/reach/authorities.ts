import { X509Certificate } from 'node:crypto';
import { createSecureContext, getCACertificates, rootCertificates, type SecureContext } from 'node:tls';
import { readableText } from '../system/readable.ts';
import type { System } from '../system/system.ts';

/** Where distributions keep the authorities that their programs trust, in one file; as Go's crypto/x509 looks for it. */
export const BUNDLES: readonly string[] = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/** The authorities that this machine trusts. */
export interface Authorities {
  readonly path: string;
  /** In PEM, each. */
  readonly certificates: readonly string[];
}

/** Undefined where there are none, or in none of the usual places. Windows keeps them in stores, which Node reads. */
export async function readAuthorities(system: System): Promise<Authorities | undefined> {
  if (system.platform === 'windows') {
    const certificates = getCACertificates('system');
    return certificates.length === 0 ? undefined : { path: 'the certificate stores of Windows', certificates };
  }
  for (const path of BUNDLES) {
    const certificates = certificatesIn((await readableText(system, path)) ?? '');
    if (certificates.length > 0) return { path, certificates };
  }
  return undefined;
}

/** Each certificate of a PEM file; comments and all else between them are left out. */
export const certificatesIn = (text: string): readonly string[] =>
  text
    .split('-----BEGIN CERTIFICATE-----')
    .slice(1)
    .flatMap((part) => {
      const end = part.indexOf('-----END CERTIFICATE-----');
      return end < 0 ? [] : [`-----BEGIN CERTIFICATE-----${part.slice(0, end)}-----END CERTIFICATE-----\n`];
    });

/** Trusts what this machine does; where that is not known, what Node brings (Mozilla's list). Takes some milliseconds. */
export const contextFor = (authorities: Authorities | undefined): SecureContext =>
  createSecureContext({ ca: [...(authorities?.certificates ?? rootCertificates)], minVersion: 'TLSv1.2' });

/** Whether a public authority answers for one of the certificates, by Mozilla's list. */
export const isPublic = (chain: readonly X509Certificate[]): boolean =>
  chain.some((one) =>
    publicRoots().some(
      (root) =>
        (one.subject === root.subject && one.publicKey.equals(root.publicKey)) ||
        (one.issuer === root.subject && one.verify(root.publicKey)),
    ),
  );

const publicRoots = (): readonly X509Certificate[] => rootCertificates.map((pem) => new X509Certificate(pem));
