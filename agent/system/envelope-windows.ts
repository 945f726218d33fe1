import { openLibrary } from './native.ts';
import type { Envelopes, Opened } from './system.ts';

/** wincrypt.h. */
const ENCODING = 0x1_0001;
const STORE_PROV_SYSTEM_W = 10;
const LOCAL_MACHINE = 0x2_0000;
const EXISTING_READ_ONLY = 0x4000 + 0x8000;
const FIND_SHA1_HASH = 0x1_0000;
const SILENT = 0x40;
const ALLOW_NCRYPT = 0x1_0000;
const NCRYPT_KEY = 0xffff_ffff;
const KEY_EXCHANGE = 1;
const CTRL_DECRYPT = 2;
const CONTENT_PARAM = 2;
const RECIPIENT_COUNT_PARAM = 17;
const MOST_RECIPIENTS = 64;

type Handle = number | bigint;

/**
 * By the functions for messages of crypt32, which know keys that cannot be taken out and whatever provider keeps them.
 * Not by CryptDecryptMessage, which is the same calls in one, and which Wine has not.
 */
export const windowsEnvelopes: Envelopes = {
  async open(thumbprint, envelope) {
    const { certificate, close } = certificateOf(thumbprint);
    try {
      return certificate ? decrypted(certificate, envelope) : { state: 'no-key' };
    } finally {
      close();
    }
  },
};

/** In the personal store of the machine, which is where the VM agent puts it. 0 where there is none. */
function certificateOf(thumbprint: string): { readonly certificate: Handle; close(): void } {
  const store = api().openStore(STORE_PROV_SYSTEM_W, 0, 0, LOCAL_MACHINE + EXISTING_READ_ONLY, 'MY');
  if (!store) return { certificate: 0, close: () => undefined };
  const hash = Buffer.from(thumbprint, 'hex');
  const certificate = api().findCertificate(store, ENCODING, 0, FIND_SHA1_HASH, { cb: hash.length, data: hash }, 0);
  return {
    certificate,
    close() {
      if (certificate) api().freeCertificate(certificate);
      api().closeStore(store, 0);
    },
  };
}

function decrypted(certificate: Handle, envelope: Uint8Array): Opened {
  const [key, spec, ours] = [[0n], [0], [0]];
  const flags = SILENT + ALLOW_NCRYPT;
  if (!api().acquireKey(certificate, flags, null, key, spec, ours)) return { state: 'no-key' };
  const message = api().openMessage(ENCODING, 0, 0, 0, null, null);
  try {
    if (!message || !api().update(message, envelope, envelope.length, 1)) return { state: 'closed' };
    for (let index = 0; index < recipientsOf(message); index += 1) {
      const opens = (as: number): boolean =>
        api().control(message, 0, CTRL_DECRYPT, { size: DECRYPT_BYTES, key: key[0], spec: as, index }) !== 0;
      // Wine says of every key that it is for both, and then knows none that is.
      if (!opens(spec[0] ?? 0) && !opens(KEY_EXCHANGE)) continue;
      const text = parameter(message, CONTENT_PARAM);
      return text === undefined ? { state: 'closed' } : { state: 'opened', text };
    }
    return { state: 'closed' };
  } finally {
    if (message) api().closeMessage(message);
    if (ours[0]) release(key[0] ?? 0n, spec[0] ?? 0);
  }
}

/** The size of CMSG_CTRL_DECRYPT_PARA, which is its first field. */
const DECRYPT_BYTES = 24;

function recipientsOf(message: Handle): number {
  const count = parameter(message, RECIPIENT_COUNT_PARAM);
  return count === undefined || count.length < 4 ? 0 : Math.min(count.readUInt32LE(0), MOST_RECIPIENTS);
}

function parameter(message: Handle, what: number): Buffer | undefined {
  const length = [0];
  if (!api().parameter(message, what, 0, null, length)) return undefined;
  const bytes = Buffer.alloc(length[0] ?? 0);
  return api().parameter(message, what, 0, bytes, length) ? bytes.subarray(0, length[0]) : undefined;
}

function release(key: bigint, spec: number): void {
  if (spec === NCRYPT_KEY) api().freeObject(key);
  else api().releaseContext(key, 0);
}

let bound: ReturnType<typeof bind> | undefined;
function api() {
  bound ??= bind();
  return bound;
}

function bind() {
  const { library, koffi } = openLibrary('crypt32.dll');
  const func = (text: string) => library.func(text);
  const blob = koffi.struct({ cb: 'uint32', data: 'void *' });
  const how = koffi.struct({ size: 'uint32', key: 'uint64', spec: 'uint32', index: 'uint32' });
  return {
    openStore: func('int64 CertOpenStore(int64 provider, uint32 encoding, int64 unused, uint32 flags, str16 name)'),
    closeStore: func('int CertCloseStore(int64 store, uint32 flags)'),
    findCertificate: library.func('CertFindCertificateInStore', 'int64', [
      ...['int64', 'uint32', 'uint32', 'uint32'],
      koffi.pointer(blob),
      'int64',
    ]),
    freeCertificate: func('int CertFreeCertificateContext(int64 certificate)'),
    acquireKey: func(
      'int CryptAcquireCertificatePrivateKey(int64 certificate, uint32 flags, void *window, _Out_ uint64 *key, _Out_ uint32 *spec, _Out_ int *ours)',
    ),
    openMessage: func(
      'int64 CryptMsgOpenToDecode(uint32 encoding, uint32 flags, uint32 type, int64 provider, void *recipient, void *stream)',
    ),
    update: func('int CryptMsgUpdate(int64 message, void *data, uint32 size, int final)'),
    control: library.func('CryptMsgControl', 'int', ['int64', 'uint32', 'uint32', koffi.pointer(how)]),
    parameter: func('int CryptMsgGetParam(int64 message, uint32 what, uint32 index, void *data, _Inout_ uint32 *size)'),
    closeMessage: func('int CryptMsgClose(int64 message)'),
    releaseContext: openLibrary('advapi32.dll').library.func('int CryptReleaseContext(uint64 provider, uint32 flags)'),
    freeObject: openLibrary('ncrypt.dll').library.func('int NCryptFreeObject(uint64 object)'),
  };
}
