import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '../system/loop.ts';
import { type Engine, own, type Places } from './engine.ts';
import { numbersOf, sqlClient, sqlWriter } from './sql-client.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');
const fileOf = ({ data }: Places): string => join(data, 'sqlite', 'app.db');

/** No server: each session is a process of its own. */
export const sqlite = (name: string): Engine => ({
  name,
  kind: 'sqlite',
  blocks: 'writes',
  fileSystems: 1,
  missing: () => false,
  config: (places) => `files = ${fileOf(places)}\n`,
  async start(places) {
    await own('nobody', join(places.data, 'sqlite'));
    // A session opens what is there, and makes nothing; an empty file is a database without tables.
    appendFileSync(fileOf(places), '');
    await must('chown', 'nobody', fileOf(places));
    const open = async () => {
      const client = await sqlClient(
        [process.execPath, '--no-warnings', MAIN, 'sqlite-session', fileOf(places)],
        'nobody',
      );
      await client.ask('PRAGMA busy_timeout = 60000');
      return client;
    };
    const client = await open();
    await client.ask('PRAGMA journal_mode = WAL');
    await client.ask('CREATE TABLE IF NOT EXISTS numbered (n INTEGER PRIMARY KEY)');
    return {
      pid: process.pid,
      writer: async () => sqlWriter(await open()),
      rows: async () => numbersOf(await client.ask('SELECT n FROM numbered')),
      async check() {
        const [[said] = []] = await client.ask('PRAGMA integrity_check');
        if (said !== 'ok') throw new Error(`integrity_check: ${said}`);
        await must('test', '-s', fileOf(places));
      },
      stop: client.close,
    };
  },
});
