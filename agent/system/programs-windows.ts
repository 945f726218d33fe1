import { openLibrary } from './native.ts';
import { windowsError } from './windows-error.ts';

/** A process of Windows. */
export interface RunningProgram {
  readonly pid: number;
  /** Of whoever started it. That one may have ended, and the number be somebody else's. */
  readonly parent: number;
  /** `postgres.exe` */
  readonly name: string;
  /** 0 is that of the services, which nobody logs on to; undefined where it is not told. */
  readonly session: number | undefined;
  /** TCP ports that it listens on, rising; none that is somebody else's on 127.0.0.1, who would be connected to. */
  readonly ports: readonly number[];
}

/** The part of `System` that tells of processes; only Windows has it. */
export interface Programs {
  list(): Promise<readonly RunningProgram[]>;
}

/** tlhelp32.h. */
const SNAP_PROCESSES = 2;
const INVALID_HANDLE = -1;
/** PROCESSENTRY32W of 64-bit Windows: its size, and where in it things are. */
const ENTRY_BYTES = 568;
const ENTRY = { pid: 8, parent: 32, name: 44 } as const;
/** iprtrmib.h: TCP_TABLE_OWNER_PID_LISTENER. */
const LISTENERS = 3;
/** winerror.h. */
const INSUFFICIENT_BUFFER = 122;
const NOT_SUPPORTED = 50;

/** ws2def.h, and the rows of tcpmib.h: MIB_TCPROW_OWNER_PID, MIB_TCP6ROW_OWNER_PID. */
export const FAMILIES = [
  { family: 2, rowBytes: 24, addressAt: 4, addressBytes: 4, portAt: 8, pidAt: 20 },
  { family: 23, rowBytes: 56, addressAt: 0, addressBytes: 16, portAt: 20, pidAt: 52 },
] as const;
type Family = (typeof FAMILIES)[number];

/** By kernel32 and iphlpapi, whose answers are numbers: a program that lists them would answer in the user's language. */
export function windowsPrograms(): Programs {
  let loaded: ReturnType<typeof bind> | undefined;
  return {
    async list() {
      loaded ??= bind();
      const api = loaded;
      const listeners: readonly Listener[] = FAMILIES.flatMap((family) => listenersIn(tableOf(api, family), family));
      return entriesOf(api).map((entry) => ({
        ...entry,
        session: sessionOf(api, entry.pid),
        ports: portsOf(entry.pid, listeners),
      }));
    },
  };
}

type Api = ReturnType<typeof bind>;

function entriesOf(api: Api): readonly Pick<RunningProgram, 'pid' | 'parent' | 'name'>[] {
  const snapshot = api.snapshot(SNAP_PROCESSES, 0);
  if (Number(snapshot) === INVALID_HANDLE) throw windowsError('processes cannot be listed', Number(api.lastError()));
  const entry = Buffer.alloc(ENTRY_BYTES);
  entry.writeUInt32LE(ENTRY_BYTES);
  const found = [];
  for (let more = api.first(snapshot, entry); more !== 0; more = api.next(snapshot, entry)) {
    const name = entry.toString('utf16le', ENTRY.name).split('\0', 1)[0] ?? '';
    found.push({ pid: entry.readUInt32LE(ENTRY.pid), parent: entry.readUInt32LE(ENTRY.parent), name });
  }
  api.close(snapshot);
  return found;
}

function sessionOf(api: Api, pid: number): number | undefined {
  const session = [0];
  return api.session(pid, session) === 0 ? undefined : session[0];
}

/** It may grow between the question for its size and that for itself; there is none of a family that is not installed. */
function tableOf(api: Api, { family }: Family): Buffer {
  const size = [64 * 1024];
  for (let tries = 0; tries < 4; tries += 1) {
    const table = Buffer.alloc(size[0] ?? 0);
    const code = api.tcpTable(table, size, 0, family, LISTENERS, 0);
    if (code === 0) return table;
    if (code === NOT_SUPPORTED) return Buffer.alloc(0);
    if (code !== INSUFFICIENT_BUFFER) throw windowsError('who listens cannot be listed', code);
  }
  throw windowsError('who listens cannot be listed', INSUFFICIENT_BUFFER);
}

/** Who listens where. */
export interface Listener {
  readonly pid: number;
  readonly port: number;
  /** In hexadecimal, `7f000001`. */
  readonly address: string;
}

const LOOPBACK = '7f000001';

/**
 * Whoever listens on 127.0.0.1 itself is connected to there, and not one who listens on every address, or on another one: any
 * user may do so beside a server, and would be told its password.
 */
export function portsOf(pid: number, listeners: readonly Listener[]): readonly number[] {
  const own = new Set(listeners.filter((each) => each.pid === pid).map(({ port }) => port));
  const atLoopback = (port: number) => listeners.filter((each) => each.port === port && each.address === LOOPBACK);
  return [...own]
    .filter((port) => atLoopback(port).length === 0 || atLoopback(port).some((each) => each.pid === pid))
    .sort((a, b) => a - b);
}

/** The rows of a table: a count of 32 bits, then one beside the other; address and port are in the network's order. */
export function listenersIn(
  table: Buffer,
  { rowBytes, addressAt, addressBytes, portAt, pidAt }: Family,
): readonly Listener[] {
  if (table.length < 4) return [];
  const rows = Math.min(table.readUInt32LE(), Math.floor((table.length - 4) / rowBytes));
  return Array.from({ length: rows }, (_, row) => {
    const at = 4 + row * rowBytes;
    const address = table.toString('hex', at + addressAt, at + addressAt + addressBytes);
    return { pid: table.readUInt32LE(at + pidAt), port: table.readUInt16BE(at + portAt), address };
  });
}

function bind() {
  const { library: kernel } = openLibrary('kernel32.dll');
  const { library: network } = openLibrary('iphlpapi.dll');
  return {
    lastError: kernel.func('uint GetLastError()'),
    snapshot: kernel.func('int64 CreateToolhelp32Snapshot(uint what, uint pid)'),
    first: kernel.func('int Process32FirstW(int64 snapshot, void *entry)'),
    next: kernel.func('int Process32NextW(int64 snapshot, void *entry)'),
    session: kernel.func('int ProcessIdToSessionId(uint pid, _Out_ uint *session)'),
    close: kernel.func('int CloseHandle(int64 handle)'),
    tcpTable: network.func(
      'uint GetExtendedTcpTable(void *table, _Inout_ uint *size, int order, uint family, int what, uint reserved)',
    ),
  };
}
