import { messageOf, UserError } from '../../../agent/errors.ts';
import { redact } from '../../../agent/redact.ts';
import type { Pair } from '../settings.ts';
import type { Route } from './connection.ts';
import { ENCRYPTION_KEY } from './host-messages.ts';

const ASK_MS = 10_000;

/**
 * What Azure Disk Encryption has written onto a disk and must stand on its snapshot, or what is restored from it cannot
 * be unlocked; empty when the disk is not encrypted. Throws a `UserError` (`azure.encryption`) when storage does not tell.
 */
export async function encryptionMetadata(sasUri: URL, route: Route, signal: AbortSignal): Promise<readonly Pair[]> {
  const { default: axios } = await import('axios');
  const { Agent } = process.getBuiltinModule('node:https');
  const { status, headers } = await axios
    .get(`${sasUri}${sasUri.search === '' ? '?' : '&'}comp=metadata`, {
      // The first version that takes every kind of SAS that the service makes.
      headers: { 'x-ms-version': '2018-03-28' },
      proxy: route.proxy === undefined ? false : { ...route.proxy, protocol: 'http' },
      httpsAgent: new Agent(route.secureContext === undefined ? {} : { secureContext: route.secureContext }),
      maxRedirects: 0,
      responseType: 'text',
      validateStatus: () => true,
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_MS)]),
    })
    .catch((error) => {
      throw untold(sasUri, redact(messageOf(error)));
    });
  if (status !== 200) throw untold(sasUri, `storage answers ${status}`);
  const value: unknown = headers[`x-ms-meta-${ENCRYPTION_KEY.toLowerCase()}`];
  return typeof value === 'string' && value !== '' ? [{ key: ENCRYPTION_KEY, value }] : [];
}

const untold = ({ origin, pathname }: URL, why: string): UserError =>
  new UserError('azure.encryption', `${origin}${pathname}: how it is encrypted cannot be read: ${why}`, {
    remedy: 'Without it a snapshot of an encrypted disk cannot be restored. Let the backup be tried again.',
  });
