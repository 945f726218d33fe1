import { X509Certificate } from 'node:crypto';
import { registryOf } from '../system/registry.ts';
import type { System } from '../system/system.ts';
import { fail, pass, type Result } from './check.ts';

/** A certificate in a store of the machine. */
export interface StoredCertificate {
  readonly thumbprint: string;
  /** Given by who put it there. */
  readonly friendlyName: string;
  /** Undefined where what is stored is no certificate. */
  readonly validity: { readonly fromMs: number; readonly toMs: number } | undefined;
}

/** Personal certificates of the machine: the store that the agent puts its own into. */
const STORE = 'HKLM\\SOFTWARE\\Microsoft\\SystemCertificates\\MY\\Certificates';
/** The one that protected settings are encrypted for, by the name that the agent gives it. */
const TENANT = 'TenantEncryptionCert';

export async function storedCertificates(system: System): Promise<readonly StoredCertificate[]> {
  const registry = registryOf(system);
  const certificates = await Promise.all(
    (await registry.keys(STORE)).map(async (thumbprint) => {
      const value = await registry.read(`${STORE}\\${thumbprint}\\Blob`);
      return value?.type === 'binary' ? [certificateOf(thumbprint, Buffer.from(value.data, 'hex'))] : [];
    }),
  );
  return certificates.flat();
}

/** Properties of a stored certificate: wincrypt.h. */
const FRIENDLY_NAME = 11;
const ENCODED = 32;
const HEADER_BYTES = 12;

/**
 * What the certificate stores keep in the registry: properties one behind the other, each with its number, a 1, its
 * length and its bytes; the certificate itself is one of them. [MS-GPEF], "Certificate BLOB". Never throws.
 */
export function certificateOf(thumbprint: string, blob: Buffer): StoredCertificate {
  const properties = new Map<number, Buffer>();
  for (let at = 0; at + HEADER_BYTES <= blob.length; ) {
    const end = at + HEADER_BYTES + blob.readUInt32LE(at + 8);
    properties.set(blob.readUInt32LE(at), blob.subarray(at + HEADER_BYTES, end));
    at = end;
  }
  return {
    thumbprint,
    friendlyName: properties.get(FRIENDLY_NAME)?.toString('utf16le').replace(/\0.*$/s, '') ?? '',
    validity: validityOf(properties.get(ENCODED)),
  };
}

function validityOf(encoded: Buffer | undefined): StoredCertificate['validity'] {
  try {
    const { validFromDate, validToDate } = new X509Certificate(encoded ?? Buffer.alloc(0));
    const [fromMs, toMs] = [validFromDate.getTime(), validToDate.getTime()];
    return Number.isNaN(fromMs + toMs) ? undefined : { fromMs, toMs };
  } catch {
    return undefined;
  }
}

/** Of several the newest counts: the agent gets another one whenever the machine moves. */
export function judgeStoredCertificates(certificates: readonly StoredCertificate[], nowMs: number): Result {
  const renew = 'The agent asks for another one when it starts:\n$ net stop RdAgent\n$ net start RdAgent';
  const own = certificates.filter(({ friendlyName }) => friendlyName === TENANT);
  if (own.length === 0) return fail(`there is no ${TENANT}: protected settings cannot be opened`, renew);
  const newest = own.toSorted((a, b) => (b.validity?.fromMs ?? 0) - (a.validity?.fromMs ?? 0))[0];
  const validity = newest?.validity;
  if (validity === undefined) return fail(`the ${TENANT} in the store is no certificate`, renew);
  if (validity.toMs < nowMs) return fail(`the ${TENANT} has expired on ${day(validity.toMs)}`, renew);
  if (validity.fromMs > nowMs) {
    return fail(`the ${TENANT} is valid from ${day(validity.fromMs)} only: see os.clock`, renew);
  }
  return pass(`${TENANT} until ${day(validity.toMs)}`);
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
