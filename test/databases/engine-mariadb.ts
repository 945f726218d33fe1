import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../system/loop.ts';
import { AS, absent, type Engine, own, type Places, startProcess } from './engine.ts';
import { numbersOf, sqlClient, sqlWriter } from './sql-client.ts';

const SERVER = '/usr/sbin/mariadbd';
const socketOf = ({ run }: Places): string => join(run, 'mariadb.sock');
const dataOf = ({ data }: Places): string => join(data, 'my');
const logOf = (places: Places): string => (places.log === undefined ? dataOf(places) : join(places.log, 'redo'));

export const clientTo = (places: Places): readonly string[] => [
  'mariadb',
  '--no-defaults',
  '--batch',
  '--skip-column-names',
  '--unbuffered',
  `--socket=${socketOf(places)}`,
  '--database=test',
];

const BINLOG = (places: Places): readonly string[] => [
  `--log-bin=${join(dataOf(places), 'bin')}`,
  '--server-id=1',
  '--sync-binlog=1',
];

/** @param options in place of a binary log. @param lock how it is held: the key of its section. */
export const mariadb = (name: string, lock: 'stage' | 'tables', options: readonly string[] = []): Engine => ({
  name,
  kind: 'mariadb',
  blocks: lock === 'stage' ? 'commits' : 'writes',
  fileSystems: 2,
  missing: () => absent(SERVER, '/usr/bin/mariadb-install-db', '/usr/bin/mariadb-check'),
  config: (places) => `socket = ${socketOf(places)}\nlock = ${lock}\n`,
  async start(places) {
    await own('mysql', places.data, places.run, ...(places.log === undefined ? [] : [places.log]));
    const fresh = !existsSync(dataOf(places));
    if (fresh) {
      await own('mysql', logOf(places));
      await must(
        'mariadb-install-db',
        '--no-defaults',
        '--user=mysql',
        `--datadir=${dataOf(places)}`,
        `--innodb-log-group-home-dir=${logOf(places)}`,
        '--innodb-log-file-size=16M',
        '--auth-root-authentication-method=socket',
        '--skip-test-db',
      );
    }
    const argv = [
      ...AS('mysql'),
      SERVER,
      '--no-defaults',
      `--datadir=${dataOf(places)}`,
      `--innodb-log-group-home-dir=${logOf(places)}`,
      '--innodb-log-file-size=16M',
      `--socket=${socketOf(places)}`,
      '--skip-networking',
      `--pid-file=${join(places.run, 'pid')}`,
      '--innodb-buffer-pool-size=32M',
      ...(options.length === 0 ? BINLOG(places) : options),
    ];
    const admin = (statement: string) =>
      must('mariadb', '--no-defaults', `--socket=${socketOf(places)}`, '-e', statement);
    const { pid, stop } = await startProcess(argv, async () => {
      await admin('SELECT 1');
      return true;
    });
    await admin(
      'CREATE DATABASE IF NOT EXISTS test; CREATE TABLE IF NOT EXISTS test.numbered (n INT PRIMARY KEY) ENGINE=InnoDB',
    );
    const open = () => sqlClient(clientTo(places), 'root');
    const client = await open();
    return {
      pid,
      writer: async () => sqlWriter(await open()),
      rows: async () => numbersOf(await client.ask('SELECT n FROM numbered')),
      async check() {
        const said = await must(
          'mariadb-check',
          '--no-defaults',
          `--socket=${socketOf(places)}`,
          '--extended',
          '--databases',
          'test',
          'mysql',
        );
        const bad = said.split('\n').filter((line) => line.trim() !== '' && !/ OK$|^note/.test(line.trim()));
        if (bad.length > 0) throw new Error(`mariadb-check: ${bad.join('; ')}`);
      },
      async stop() {
        await client.close();
        await stop('SIGTERM');
      },
    };
  },
});
