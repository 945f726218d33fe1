import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openResp, type Reply } from '../../agent/quiescers/resp.ts';
import { must } from '../system/loop.ts';
import { AS, absent, type Engine, own, type Places, startProcess } from './engine.ts';

const NO_LIMIT = new AbortController().signal;
const socketOf = ({ run }: Places): string => join(run, 'redis.sock');
const dataOf = ({ data }: Places): string => join(data, 'redis');

export const redisAt = (places: Places) => openResp({ path: socketOf(places) }, NO_LIMIT);

/** @param persistence the log of its commands, or saves alone. */
export const redis = (name: string, persistence: 'aof' | 'rdb'): Engine => ({
  name,
  kind: 'redis',
  blocks: 'writes',
  fileSystems: 1,
  missing: () => absent('/usr/bin/redis-server', '/usr/bin/redis-check-rdb'),
  config: (places) => `socket = ${socketOf(places)}\n`,
  async start(places) {
    await own('redis', places.data, places.run, dataOf(places));
    const log = persistence === 'aof' ? ['--appendonly', 'yes', '--appendfsync', 'everysec'] : ['--appendonly', 'no'];
    const argv = [
      ...AS('redis'),
      '/usr/bin/redis-server',
      '--port',
      '0',
      '--unixsocket',
      socketOf(places),
      '--dir',
      dataOf(places),
      '--save',
      '',
      ...log,
    ];
    const { pid, stop } = await startProcess(argv, async () => {
      const connection = await redisAt(places);
      const reply = await connection.send(['PING'], NO_LIMIT);
      connection.close();
      return reply === 'PONG';
    });
    const client = await redisAt(places);
    return {
      pid,
      async writer() {
        const connection = await redisAt(places);
        return {
          add: async (row) => void (await connection.send(['RPUSH', 'numbered', String(row)], NO_LIMIT)),
          close: async () => connection.close(),
        };
      },
      rows: async () => numbersIn(await client.send(['LRANGE', 'numbered', '0', '-1'], NO_LIMIT)),
      async check() {
        const aof = join(dataOf(places), 'appendonlydir/appendonly.aof.manifest');
        if (existsSync(aof)) await must('redis-check-aof', aof);
        else await must('redis-check-rdb', join(dataOf(places), 'dump.rdb'));
      },
      async stop() {
        client.close();
        await stop('SIGTERM');
      },
    };
  },
});

const numbersIn = (reply: Reply): readonly number[] => (Array.isArray(reply) ? reply.map(Number) : []);
