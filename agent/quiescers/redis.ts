import { setTimeout as sleep } from 'node:timers/promises';
import type { SectionOf } from '../config/schema.ts';
import { UserError } from '../errors.ts';
import type { DatabaseInstance } from '../system/database-instances.ts';
import { realPathsOf } from '../system/real-path.ts';
import type { System } from '../system/system.ts';
import { defineAlike, pickInstance, type QuiescerParts } from './kind.ts';
import { LOOPBACK, portOnWindows } from './port-windows.ts';
import type { ConfiguredQuiescer, Detected, Shortcoming } from './quiescer.ts';
import { openResp, type RespAddress, type RespConnection } from './resp.ts';

const KEYS = {
  socket: {
    type: 'path',
    only: { platform: 'linux', instead: 'Name its port: port = NUMBER.' },
    example: '/run/redis/redis-server.sock',
    about: 'Unix socket of the server.',
  },
  host: { type: 'text', example: '127.0.0.1', about: 'Host to connect to (127.0.0.1).' },
  port: {
    type: 'count',
    default: '0',
    min: 0,
    max: 65535,
    about: 'TCP port; 0: the one that the server here listens on.',
  },
  'db-user': { type: 'text', example: 'backup', about: 'User of its access list, where there is one.' },
  password: { type: 'text', secret: true, example: '…', about: 'Its password, or that of requirepass.' },
} as const;

type Settings = SectionOf<typeof KEYS>;

const SERVES = ['redis', 'valkey'] as const;
const DEFAULT_PORT = 6379;
const POLL_MS = 20;
const LEASE_MS = 10_000;
const RENEW_MS = 2500;

export const [redis, valkey] = defineAlike(SERVES, {
  keys: KEYS,
  create(kind, parts, settings) {
    const { id, holdMs, onFailure } = parts;
    const pick = (instances: readonly DatabaseInstance[]) => pickInstance(instances, SERVES, meant(settings));
    let own: RespConnection | undefined;
    let before: Info = {};
    let lease: NodeJS.Timeout | undefined;
    /** Asked for: what others have paused is not ours to end. */
    let paused = false;
    let folders: readonly string[] = [];

    const quiescer: ConfiguredQuiescer = {
      id,
      title: parts.title,
      kind,
      holdMs,
      ...(onFailure === undefined ? {} : { onFailure }),
      pick,
      get folders() {
        return folders;
      },
      async detect(signal) {
        const connection = await connect(parts, settings, pick, signal);
        try {
          return detectedIn(await infoOf(connection, signal), await folderOf(parts.system, connection, signal));
        } finally {
          connection.close();
        }
      },
      async hold(signal) {
        own = await connect(parts, settings, pick, signal);
        const info = await infoOf(own, signal);
        const [missing] = detectedIn(info, []).missing;
        if (missing !== undefined) throw new UserError('quiescer.missing', missing.what, { remedy: missing.remedy });
        folders = await folderOf(parts.system, own, signal);
        // A copy of files that are being replaced is a copy of two states.
        await until(isIdle, own, signal);
        paused = true;
        lease = await pauseWriters(own, signal);
        await until((now) => isIdle(now) && isWritten(now), own, signal);
        if (info.aof_enabled !== '1') await save(own, signal);
        before = await infoOf(own, signal);
      },
      async verify(signal) {
        if (own === undefined) throw new Error('it was not held');
        const lost = whyLost(before, await infoOf(own, signal));
        if (lost !== undefined) throw new Error(lost);
      },
      async release(signal) {
        clearInterval(lease);
        const connection = own;
        own = undefined;
        try {
          if (paused) await connection?.send(['CLIENT', 'UNPAUSE'], signal);
          paused = false;
        } finally {
          connection?.close();
        }
      },
    };
    return quiescer;
  },
});

const meant = ({ socket, port }: Settings) =>
  socket === undefined && port === 0
    ? undefined
    : ({ sockets, ports }: DatabaseInstance) =>
        socket === undefined ? ports.includes(port) : sockets.includes(socket);

async function connect(
  parts: QuiescerParts,
  settings: Settings,
  pick: ConfiguredQuiescer['pick'],
  signal: AbortSignal,
): Promise<RespConnection> {
  const address = await (parts.system.platform === 'windows' ? addressOnWindows : addressOnLinux)(
    parts,
    settings,
    pick,
  );
  const connection = await openResp(address, signal);
  const { password, dbUser } = settings;
  if (password === undefined) return connection;
  try {
    await connection.send(['AUTH', ...(dbUser === undefined ? [] : [dbUser]), password], signal);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

async function addressOnLinux(
  { instances }: QuiescerParts,
  settings: Settings,
  pick: ConfiguredQuiescer['pick'],
): Promise<RespAddress> {
  const here = settings.socket === undefined && settings.host === undefined ? await instances() : [];
  const found = pick(here);
  const strange = here.find(({ kind, doubtful }) => (kind === 'redis' || kind === 'valkey') && doubtful);
  if (found === undefined && settings.port === 0 && strange !== undefined) {
    throw new UserError('quiescer.doubtful', `process ${strange.pid} is not run as a service, and gets no password`, {
      remedy: 'If it is the one that is meant, name it in its section: socket = PATH, or port = NUMBER.',
    });
  }
  const path = settings.socket ?? found?.sockets[0];
  const port = settings.port === 0 ? (found?.ports[0] ?? DEFAULT_PORT) : settings.port;
  return path === undefined ? { host: settings.host ?? LOOPBACK, port } : { path };
}

const addressOnWindows: typeof addressOnLinux = async (parts, settings, pick) => ({
  host: settings.host ?? LOOPBACK,
  port: (await portOnWindows(parts, settings, pick, SERVES)) ?? DEFAULT_PORT,
});

type Info = Readonly<Record<string, string>>;

const infoOf = async (connection: RespConnection, signal: AbortSignal): Promise<Info> => {
  const texts = [];
  for (const section of ['server', 'persistence', 'clients', 'replication']) {
    texts.push(await connection.send(['INFO', section], signal));
  }
  return parseInfo(texts.join('\n'));
};

/** `key:value` a line, and comments. */
export const parseInfo = (text: string): Info =>
  Object.fromEntries(
    text.split(/\r?\n/).flatMap((line) => {
      const [, key, value] = /^([a-z][a-z0-9_]*):(.*)$/.exec(line) ?? [];
      return key === undefined ? [] : [[key, value ?? '']];
    }),
  );

const folderOf = async (
  system: System,
  connection: RespConnection,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  const reply = await connection.send(['CONFIG', 'GET', 'dir'], signal);
  const dir = Array.isArray(reply) ? reply[1] : undefined;
  return typeof dir === 'string' ? realPathsOf(system, [dir]) : [];
};

/** CLIENT PAUSE … WRITE came with 6.2; before it, a pause would hold our own questions too. */
function detectedIn(info: Info, folders: readonly string[]): Detected {
  const version = info.valkey_version ?? info.redis_version ?? '';
  const [major = 0, minor = 0] = (info.redis_version ?? '').split('.').map(Number);
  const missing: Shortcoming[] = [];
  if (major < 6 || (major === 6 && minor < 2)) {
    missing.push({
      what: `Redis ${version} cannot pause its writers`,
      remedy: 'Upgrade it to 6.2 or later; its files alone are what a crash leaves.',
    });
  }
  const how = info.aof_enabled === '1' ? 'CLIENT PAUSE WRITE' : 'CLIENT PAUSE WRITE, BGSAVE';
  return { version, blocks: 'writes', how, missing, stale: [], folders };
}

/**
 * A pause is the server's own and outlives our connection, so it is a short one that is renewed: who is killed or
 * stopped lets go by doing nothing.
 */
async function pauseWriters(connection: RespConnection, signal: AbortSignal): Promise<NodeJS.Timeout> {
  const pause = (limit: AbortSignal) => connection.send(['CLIENT', 'PAUSE', String(LEASE_MS), 'WRITE'], limit);
  await pause(signal);
  // Whether it has lasted is seen by `verify`: what was written meanwhile was counted.
  return setInterval(() => pause(AbortSignal.timeout(LEASE_MS)).catch(() => undefined), RENEW_MS).unref();
}

/** Why the files may have changed since; undefined when nobody has written. */
export function whyLost(before: Info, now: Info): string | undefined {
  if (now.run_id !== before.run_id) return 'the server was restarted meanwhile';
  // Since Redis 8 and Valkey 8.1.
  if (now.paused_actions !== undefined && now.paused_actions !== 'write') return 'its writers were not paused any more';
  if (now.rdb_last_save_time !== before.rdb_last_save_time)
    return 'it has saved meanwhile, which hides what was written';
  return now.rdb_changes_since_last_save === before.rdb_changes_since_last_save
    ? undefined
    : 'it was written to meanwhile';
}

const isIdle = (info: Info): boolean =>
  !['rdb_bgsave_in_progress', 'aof_rewrite_in_progress', 'aof_rewrite_scheduled', 'loading'].some(
    (key) => info[key] === '1',
  );

/**
 * With `appendfsync everysec` what was acknowledged may wait in memory for two seconds while an fsync is under way
 * (redis.conf): nothing of it is in the file before the buffer is empty.
 */
const isWritten = ({ aof_buffer_length: buffered = '0', aof_pending_bio_fsync: pending = '0' }: Info): boolean =>
  buffered === '0' && pending === '0';

async function until(isSo: (info: Info) => boolean, connection: RespConnection, signal: AbortSignal): Promise<void> {
  while (!isSo(await infoOf(connection, signal))) await sleep(POLL_MS, undefined, { signal });
}

/** Without a log of its commands all that was written since the last save is in memory alone. */
async function save(connection: RespConnection, signal: AbortSignal): Promise<void> {
  await connection.send(['BGSAVE'], signal);
  await until(isIdle, connection, signal);
  const { rdb_last_bgsave_status: status } = await infoOf(connection, signal);
  if (status !== 'ok') throw new Error('its save has failed; its own log says why');
}
