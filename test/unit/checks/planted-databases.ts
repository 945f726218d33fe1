import { join } from 'node:path';
import { type Change, PRE } from './healthy-machine.ts';
import { processFiles } from './machine.ts';
import { type Fault, files, programs, running } from './planted-fault.ts';

/** A client that a machine without a database can start; its user says what is wrong with the server. */
const CLIENT = join(import.meta.dirname, '../../fixtures/fake-mariadb.sh');
const both = (...changes: readonly Change[]): Change => ({
  files: Object.assign({}, ...changes.map((change) => change.files)),
  programs: Object.assign({}, ...changes.map((change) => change.programs)),
  modes: Object.assign({}, ...changes.map((change) => change.modes)),
});
const HOST = '/etc/azure/VMSnapshotPluginHost.conf';
const NO_PLUGINS = '[pre_post]\ntimeoutInSeconds: 1800\nnumberOfPlugins: 0\n';
const DAY = 24 * 3_600_000;
const configured = (text: string): Change => ({
  ...both(
    files({ '/etc/quiesced/quiesced.conf': text }),
    programs({ getent: { stdout: 'root:x:0:0:root:/root:/bin/bash\n' } }),
  ),
  ages: { '/etc/quiesced/quiesced.conf': 60 * DAY, '/etc/quiesced': 60 * DAY },
});
const server = (what: string): Change => configured(`[quiescer mariadb]\nclient = ${CLIENT}\ndb-user = ${what}\n`);
const OF_CONNECTIONS = ['app.db-datadir', 'app.db-long-query', 'app.stale-lock'];

export const DATABASE_FAULTS: readonly Fault[] = [
  {
    name: 'a database that nothing holds',
    plant: { ...both(running('/usr/sbin/mariadbd'), files({ [HOST]: NO_PLUGINS })), ages: { [HOST]: 60 * DAY } },
    found: 'app.db-detect',
    verdict: 'warn',
    detail: /MariaDB: nothing holds it/,
  },
  {
    name: 'an account that may not hold it',
    plant: server('powerless'),
    found: 'app.db-connect',
    verdict: 'fail',
    detail: /root@localhost has not RELOAD/,
    hides: OF_CONNECTIONS,
  },
  {
    name: 'a section of a quiescer that is wrong',
    plant: configured('[quiescer mariadb]\nlok = stage\n'),
    found: 'app.db-connect',
    verdict: 'fail',
    detail: /quiesced\.conf:2.*lok is an unknown key|lok: is an unknown key/,
    hides: OF_CONNECTIONS,
  },
  {
    name: 'a password that everybody may read',
    plant: {
      ...configured('[quiescer mariadb]\npassword = secret\n'),
      modes: { '/etc/quiesced/quiesced.conf': 0o644 },
    },
    found: 'app.db-connect',
    verdict: 'fail',
    detail: /quiesced\.conf:2: \[quiescer mariadb\]: its password stands in a file that everybody may read/,
    hides: OF_CONNECTIONS,
  },
  {
    name: 'data on the temporary disk',
    plant: server('elsewhere'),
    found: 'app.db-datadir',
    verdict: 'warn',
    detail: /\/mnt\/mysql \(\/mnt: Azure's temporary disk/,
  },
  {
    name: 'a statement that has run for two minutes',
    plant: server('slow'),
    found: 'app.db-long-query',
    verdict: 'warn',
    detail: /120 s/,
  },
  {
    name: 'a server that was left read-only',
    plant: server('stale'),
    found: 'app.stale-lock',
    verdict: 'fail',
    detail: /read_only is on/,
  },
  {
    name: 'a script for the PostgreSQL of before',
    plant: {
      ...files({
        ...processFiles(812, 'postgres', ['/usr/lib/postgresql/15/bin/postgres', '-D', '/srv/pg']),
        '/srv/pg/PG_VERSION': '15\n',
        [PRE]: '#!/bin/sh\npsql -c "SELECT pg_start_backup(\'x\')"\n',
      }),
      modes: { [PRE]: 0o700 },
    },
    found: 'app.pg-version',
    verdict: 'fail',
    detail: /PostgreSQL 15 does not have/,
  },
];
