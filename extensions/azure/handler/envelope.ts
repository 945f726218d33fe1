import { constants, createDecipheriv, privateDecrypt, X509Certificate } from 'node:crypto';
import { type Der, readDer } from './der.ts';

/**
 * Opens a CMS envelope (RFC 5652, EnvelopedData) as Azure makes it: a content key for each recipient by RSA, and the content
 * by AES or 3DES in CBC mode. Undefined for what cannot be opened with this key, whatever the reason: to tell them apart
 * would be an oracle.
 */
export function openEnvelope(base64: string, certificatePem: string, keyPem: string): string | undefined {
  try {
    return opened(Buffer.from(base64, 'base64'), certificatePem, keyPem);
  } catch {
    return undefined;
  }
}

const ENVELOPED = '1.2.840.113549.1.7.3';
const OAEP = '1.2.840.113549.1.1.7';

/** Of the content: by RFC 3370 and RFC 3565. */
const CIPHERS: ReadonlyMap<string, string> = new Map([
  ['1.2.840.113549.3.7', 'des-ede3-cbc'],
  ['2.16.840.1.101.3.4.1.2', 'aes-128-cbc'],
  ['2.16.840.1.101.3.4.1.22', 'aes-192-cbc'],
  ['2.16.840.1.101.3.4.1.42', 'aes-256-cbc'],
]);

function opened(envelope: Buffer, certificatePem: string, keyPem: string): string | undefined {
  const [type, content] = readDer(envelope).children;
  if (type?.oid !== ENVELOPED) return undefined;
  // version, originatorInfo [0] OPTIONAL, recipientInfos, encryptedContentInfo
  const parts = (content?.children[0]?.children ?? []).filter(({ tag }) => tag !== CONTEXT_0);
  const [, recipients, encrypted] = parts;
  const [, algorithm, bytes] = encrypted?.children ?? [];
  const cipher = CIPHERS.get(algorithm?.children[0]?.oid ?? '');
  const iv = algorithm?.children[1]?.bytes;
  const recipient = recipients?.children.find((each) => isFor(each, certificatePem));
  if (cipher === undefined || iv === undefined || bytes === undefined || recipient === undefined) return undefined;
  const decipher = createDecipheriv(cipher, contentKey(recipient, keyPem), iv);
  return Buffer.concat([decipher.update(contentOf(bytes)), decipher.final()]).toString('utf8');
}

/** [0], made of parts or not. */
const CONTEXT_0 = 0xa0;

/** KeyTransRecipientInfo: version, issuerAndSerialNumber or [0] subjectKeyIdentifier, algorithm, key. */
function isFor({ children: [, id] }: Der, certificatePem: string): boolean {
  if (id?.tag !== 0x30) return true;
  const serial = id.children[1]?.bytes.toString('hex').replace(/^(00)+/, '');
  const own = new X509Certificate(certificatePem).serialNumber.toLowerCase().replace(/^(00)+/, '');
  return serial === own;
}

function contentKey({ children: [, , algorithm, key] }: Der, keyPem: string): Buffer {
  const padding = algorithm?.children[0]?.oid === OAEP ? constants.RSA_PKCS1_OAEP_PADDING : constants.RSA_PKCS1_PADDING;
  return privateDecrypt({ key: keyPem, padding }, key?.bytes ?? Buffer.alloc(0));
}

/** [0] IMPLICIT OCTET STRING: as it is, or in pieces. */
const contentOf = ({ children, bytes }: Der): Buffer =>
  children.length > 0 ? Buffer.concat(children.map(contentOf)) : bytes;
