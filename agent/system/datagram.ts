import { closeSync } from 'node:fs';
import { UserError } from '../errors.ts';
import { type Errno, loadNative } from './native.ts';

const AF_UNIX = 1;
/** Not inherited by programs that we start, and never waiting for the one who listens. */
const SOCK_DGRAM_CLOEXEC = 2 | 0o2000000;
const MSG_DONTWAIT_NOSIGNAL = 0x40 | 0x4000;
/** `sun_path` of unix(7), with the NUL at its end. */
const PATH_BYTES = 108;

/** Sends datagrams to one unix socket, which Node cannot (`node:dgram` is UDP only). */
export interface DatagramSender {
  /**
   * 0 when the kernel took it, else the error number: `EAGAIN` when the receiver is behind, `EMSGSIZE` when it is too
   * long, `ENOENT` or `ECONNREFUSED` when nobody listens. Never blocks, never throws. There is no connection: a receiver
   * that was started again is found again.
   */
  send(payload: Uint8Array): Errno;
  close(): void;
}

/**
 * Opens the one descriptor that all sends use.
 *
 * @param address a path, or `@name` for the abstract namespace. Throws a `UserError` (`datagram.address`) for one that
 * no unix socket can have.
 */
export async function openDatagram(address: string): Promise<DatagramSender> {
  const to = addressOf(address);
  const { koffi, library } = await loadNative();
  const socket = library.func('int socket(int domain, int type, int protocol)');
  const sendto = library.func(
    'long sendto(int fd, const void *bytes, ulong length, int flags, const void *address, uint addressLength)',
  );
  const fd: number = socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
  if (fd < 0) throw new Error(`socket: error ${koffi.errno()}`);
  return {
    send: (payload) =>
      sendto(fd, payload, payload.length, MSG_DONTWAIT_NOSIGNAL, to, to.length) < 0 ? koffi.errno() : 0,
    close: () => closeSync(fd),
  };
}

/** `struct sockaddr_un`: the family in the byte order of the machine (little on all that we run on), then the path. */
function addressOf(address: string): Buffer {
  const abstract = address.startsWith('@');
  // The name of an abstract one is as long as the address says; a path ends with its NUL.
  const path = abstract ? `\0${address.slice(1)}` : `${address}\0`;
  const bytes = Buffer.from(`\x01\0${path}`);
  const possible = (abstract || address.startsWith('/')) && !address.includes('\0') && address.length > 1;
  if (possible && bytes.length <= 2 + PATH_BYTES) return bytes;
  throw new UserError('datagram.address', `${JSON.stringify(address)} is no address of a unix socket`, {
    remedy: 'It must begin with / or @ and be shorter than 108 bytes.',
  });
}
