import { UserError } from '../../../agent/errors.ts';
import { parseJson } from '../../../agent/system/json.ts';
import type { System } from '../../../agent/system/system.ts';
import { openEnvelope } from './envelope.ts';
import type { SettingsFile } from './settings-file.ts';

const OPENSSL_MS = 10_000;

/**
 * The protected settings, in memory alone: no temporary file, neither of the plain text nor of the ciphertext. By the
 * openssl of the machine, which also knows what Azure may come to use (FIPS), else by ourselves.
 *
 * Throws a `UserError` (`azure.certificate`, `azure.decrypt`). Nothing that it says holds a part of the settings.
 *
 * @param libFolder of the VM agent: it keeps the certificates there, above the handler's folder.
 */
export async function openProtected(
  system: System,
  sealed: SettingsFile['sealed'],
  libFolder: string,
): Promise<object | undefined> {
  if (sealed === undefined) return undefined;
  const base = `${libFolder}/${sealed.thumbprint.toUpperCase()}`;
  const [certificate, key] = await Promise.all([system.readText(`${base}.crt`), system.readText(`${base}.prv`)]);
  if (certificate === undefined || key === undefined) throw noCertificate(base);
  const plain = (await byOpenssl(system, sealed.base64, base)) ?? openEnvelope(sealed.base64, certificate, key);
  if (plain === undefined) throw undecipherable(base);
  try {
    const value: unknown = parseJson(plain);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Its message would quote what is in it.
  }
  throw new UserError('azure.decrypt', 'protectedSettings is not an object once it is decrypted', {
    remedy: SEND_AGAIN,
  });
}

async function byOpenssl(system: System, base64: string, base: string): Promise<string | undefined> {
  const lines = base64.replace(/\s+/g, '').match(/.{1,64}/g) ?? [];
  const input = ['-----BEGIN CMS-----', ...lines, '-----END CMS-----', ''].join('\n');
  const files = ['-recip', system.resolve(`${base}.crt`), '-inkey', system.resolve(`${base}.prv`)];
  const argv = ['openssl', 'cms', '-decrypt', '-inform', 'PEM', ...files];
  const { ended, exitCode, stdout } = await system.run(argv, { timeoutMs: OPENSSL_MS, input });
  return ended === 'exited' && exitCode === 0 && stdout !== '' ? stdout : undefined;
}

const SEND_AGAIN = 'Have the service send its settings again: start the backup again.';

const noCertificate = (base: string): UserError =>
  new UserError('azure.certificate', `protectedSettings is for a certificate that is not here: ${base}.crt and .prv`, {
    remedy: `The key changes when a VM is moved or deallocated. ${SEND_AGAIN}`,
  });

const undecipherable = (base: string): UserError =>
  new UserError('azure.decrypt', `protectedSettings cannot be decrypted with ${base}.prv`, { remedy: SEND_AGAIN });
