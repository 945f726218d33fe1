import { existsSync, globSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../system/loop.ts';
import { until } from '../system/loop-observe.ts';
import { AS, absent, type Engine, own, type Places, startProcess } from './engine.ts';
import { numbersOf, sqlClient, sqlWriter } from './sql-client.ts';

const BIN = globSync('/usr/lib/postgresql/*/bin').sort().at(-1) ?? '/usr/lib/postgresql/none';
const PORT = '54329';
const RECOVERED_MS = 300_000;
const bin = (name: string): string => join(BIN, name);
const pgdata = ({ data }: Places): string => join(data, 'pg');

export const psqlTo = ({ run }: Places): readonly string[] => [
  bin('psql'),
  '-X',
  '-q',
  '-A',
  '-t',
  '-F',
  '\t',
  '-w',
  '-v',
  'ON_ERROR_STOP=1',
  '-h',
  run,
  '-p',
  PORT,
  '-d',
  'postgres',
];

/** @param keys further lines of its section. */
export const postgresql = (name: string, keys = '', options: readonly string[] = []): Engine => ({
  name,
  kind: 'postgresql',
  blocks: 'nothing',
  fileSystems: 2,
  missing: () => absent(bin('postgres'), bin('pg_amcheck')),
  config: ({ run }) => `socket-folder = ${run}\nport = ${PORT}\n${keys}`,
  adopt(places) {
    const wal = join(pgdata(places), 'pg_wal');
    rmSync(wal, { force: true });
    symlinkSync(join(places.log ?? '', 'wal'), wal);
    rmSync(join(pgdata(places), 'postmaster.pid'), { force: true });
  },
  async start(places) {
    await own('postgres', places.data, places.run, ...(places.log === undefined ? [] : [places.log]));
    if (!existsSync(pgdata(places))) {
      const wal = places.log === undefined ? [] : [`--waldir=${join(places.log, 'wal')}`];
      await must(
        'setpriv',
        ...AS('postgres').slice(1),
        bin('initdb'),
        '-N',
        '-A',
        'peer',
        '-D',
        pgdata(places),
        ...wal,
      );
    }
    const settings = ['listen_addresses=', `unix_socket_directories=${places.run}`, 'shared_buffers=16MB', ...options];
    const argv = [
      ...AS('postgres'),
      bin('postgres'),
      '-D',
      pgdata(places),
      '-p',
      PORT,
      ...settings.flatMap((each) => ['-c', each]),
    ];
    const open = () => sqlClient(psqlTo(places), 'postgres');
    const answers = async () => {
      await must('setpriv', ...AS('postgres').slice(1), bin('pg_isready'), '-q', '-h', places.run, '-p', PORT);
      return true;
    };
    const { pid, stop } = await startProcess(argv, answers);
    const client = await open();
    // One that is restored from its archive can be read before it is at its end, and not be written to.
    await until(async () => (await client.ask('SELECT pg_is_in_recovery()'))[0]?.[0] === 'f', RECOVERED_MS);
    await client.ask('CREATE TABLE IF NOT EXISTS numbered (n int PRIMARY KEY)');
    return {
      pid,
      writer: async () => sqlWriter(await open()),
      rows: async () => numbersOf(await client.ask('SELECT n FROM numbered')),
      async check() {
        await client.ask('CREATE EXTENSION IF NOT EXISTS amcheck');
        await must(
          'setpriv',
          ...AS('postgres').slice(1),
          bin('pg_amcheck'),
          '-h',
          places.run,
          '-p',
          PORT,
          '--heapallindexed',
          'postgres',
        );
      },
      async stop() {
        await client.close();
        await stop('SIGINT');
      },
    };
  },
});
