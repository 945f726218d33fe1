import { UserError } from '../../../agent/errors.ts';
import { parseJson } from '../../../agent/system/json.ts';
import type { System } from '../../../agent/system/system.ts';
import { openEnvelope } from './envelope.ts';
import type { SettingsFile } from './settings-file.ts';

const OPENSSL_MS = 10_000;

/**
 * The protected settings, in memory alone: no temporary file, neither of the plain text nor of the ciphertext. By the
 * openssl of the machine, which also knows what Azure may come to use (FIPS), else by ourselves; on Windows by Windows.
 *
 * Throws a `UserError` (`azure.certificate`, `azure.decrypt`). Nothing that it says holds a part of the settings.
 *
 * @param libFolder of the VM agent of Linux: it keeps the certificates there, above the handler's folder.
 */
export async function openProtected(
  system: System,
  sealed: SettingsFile['sealed'],
  libFolder: string,
): Promise<object | undefined> {
  if (sealed === undefined) return undefined;
  const plain = await (system.platform === 'windows' ? byStore(system, sealed) : byFiles(system, sealed, libFolder));
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

type Sealed = NonNullable<SettingsFile['sealed']>;

/** Where the agent of Linux keeps certificate and key. */
async function byFiles(system: System, { base64, thumbprint }: Sealed, libFolder: string): Promise<string> {
  const base = `${libFolder}/${thumbprint.toUpperCase()}`;
  const [certificate, key] = await Promise.all([system.readText(`${base}.crt`), system.readText(`${base}.prv`)]);
  if (certificate === undefined || key === undefined) throw noCertificate(`${base}.crt and .prv`);
  const plain = (await byOpenssl(system, base64, base)) ?? openEnvelope(base64, certificate, key);
  if (plain === undefined) throw undecipherable(`${base}.prv`);
  return plain;
}

/** The personal certificates of the machine, where the agent of Windows puts it. */
async function byStore(system: System, { base64, thumbprint }: Sealed): Promise<string> {
  const name = `LocalMachine\\My\\${thumbprint.toUpperCase()}`;
  const opened = await system.envelopes?.open(thumbprint, Buffer.from(base64, 'base64'));
  if (opened?.state === 'opened') return opened.text.toString('utf8');
  throw opened?.state === 'closed' ? undecipherable(name) : noCertificate(name);
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

const noCertificate = (name: string): UserError =>
  new UserError('azure.certificate', `protectedSettings is for a certificate that is not here: ${name}`, {
    remedy: `The key changes when a VM is moved or deallocated. ${SEND_AGAIN}`,
  });

const undecipherable = (name: string): UserError =>
  new UserError('azure.decrypt', `protectedSettings cannot be decrypted with ${name}`, { remedy: SEND_AGAIN });
