import { descriptor, FULL, SOMEBODY, SYSTEM } from '../system/descriptors.ts';
import type { WindowsChange, WindowsFault } from './windows-fault.ts';
import { OURS, STATE, volume } from './windows-machine.ts';

const CONFIG = `${OURS}\\quiesced.conf`;
const HOOKS = `${OURS}\\hooks.d`;
const SCRIPT = 'C:\\Scripts\\hold.cmd';
const HOUR = 3_600_000;
const OF_SCRIPTS = ['app.script-shebang', 'app.script-timeout'];
const OF_CONNECTIONS = ['app.db-datadir', 'app.db-long-query', 'app.stale-lock'];

/** Written before the rehearsal of the healthy one, as are the files that it names. */
const configured = (text: string, files: Readonly<Record<string, string>> = {}): WindowsChange => {
  const all = { [CONFIG]: text.replaceAll('\n', '\r\n'), ...files };
  return { files: all, agesMs: Object.fromEntries([...Object.keys(all), HOOKS].map((path) => [path, HOUR])) };
};

const owed = (phases: object): string =>
  JSON.stringify({
    schema: 1,
    runs: [{ bootId: 'b', run: { id: 'i', kind: 'snapshot', taker: 'vss', startedAt: '2026-11-20' }, phases }],
  });

export const WINDOWS_APP_FAULTS: readonly WindowsFault[] = [
  {
    name: 'a configuration with a mistake',
    plant: { files: { [CONFIG]: '[scripts]\r\npre = here.cmd\r\n' }, agesMs: { [CONFIG]: HOUR } },
    found: 'app.script-config',
    verdict: 'fail',
    detail: /quiesced\.conf.*2: \[scripts\] pre/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'a script that somebody else may change',
    plant: {
      files: { [CONFIG]: `[scripts]\r\npre = ${SCRIPT}\r\n`, [SCRIPT]: '' },
      agesMs: { [CONFIG]: HOUR, [SCRIPT]: HOUR },
      security: { [SCRIPT]: descriptor(SYSTEM, [{ rights: FULL, who: SOMEBODY }]) },
    },
    found: 'app.script-perm',
    verdict: 'fail',
    detail: /C:\\Scripts\\hold\.cmd/,
    hides: OF_SCRIPTS,
  },
  {
    name: 'nothing rehearsed since the configuration was changed',
    plant: { files: { [CONFIG]: '' }, agesMs: { [CONFIG]: -HOUR } },
    found: 'app.rehearsal-age',
    verdict: 'warn',
    detail: /rehearsed today, and C:\\ProgramData\\quiesced\\quiesced\.conf was changed since/,
  },
  {
    name: 'a script that Windows cannot start',
    plant: configured('[scripts]\npre = C:\\Scripts\\hold.txt\n', { 'C:\\Scripts\\hold.txt': '' }),
    found: 'app.script-shebang',
    verdict: 'warn',
    detail: /C:\\Scripts\\hold\.txt is no program/,
  },
  {
    name: 'a file among the hooks that Windows cannot start',
    plant: configured('', { [`${HOOKS}\\10-hold.sh`]: '' }),
    found: 'app.script-perm',
    verdict: 'warn',
    detail: /does not start such files: C:\\ProgramData\\quiesced\\hooks\.d\\10-hold\.sh$/,
  },
  {
    name: 'hooks that take longer than a backup may',
    plant: configured(
      '[scripts]\ntimeout = 30m\n',
      Object.fromEntries(['a', 'b', 'c'].map((name) => [`${HOOKS}\\${name}.cmd`, ''])),
    ),
    found: 'app.script-timeout',
    verdict: 'warn',
    detail: /^184 min at most/,
  },
  {
    name: 'a database that nothing holds',
    plant: { processes: [{ pid: 910, parent: 700, name: 'redis-server.exe', session: 0, ports: [6379] }] },
    found: 'app.db-detect',
    verdict: 'warn',
    detail: /^Redis: nothing holds it/,
  },
  {
    name: 'a database that is not there',
    plant: configured('[quiescer sqlite]\nfiles = C:\\app\\app.db\n'),
    found: 'app.db-connect',
    verdict: 'fail',
    detail: /C:\\app\\app\.db is no file/,
    hides: OF_CONNECTIONS,
  },
  {
    name: 'a database on a volume that has no shadow copies',
    plant: {
      ...configured('[quiescer sqlite]\nfiles = F:\\app\\app.db\n', { 'F:\\app\\app.db': '' }),
      volumes: [volume('C:\\'), volume('F:\\', { fileSystem: 'FAT32' })],
    },
    found: 'app.db-datadir',
    verdict: 'warn',
    detail: /F:\\app \(F:\\: FAT32 has no shadow copies\)$/,
  },
  {
    name: 'a script for the PostgreSQL of before',
    plant: configured(`[scripts]\npre = ${SCRIPT}\n`, { [SCRIPT]: 'psql -c "SELECT pg_start_backup(\'x\')"\r\n' }),
    found: 'app.pg-version',
    verdict: 'info',
    detail: /hold\.cmd calls pg_start_backup/,
  },
  {
    name: 'a post script that was never run',
    plant: { files: { [`${STATE}\\owed.json`]: owed({ prepare: ['?'] }) } },
    found: 'app.post-pending',
    verdict: 'fail',
    detail: /the snapshot of 2026-11-20 still owes: post scripts$/,
  },
  {
    name: 'shadow copies that were never deleted',
    plant: { files: { [`${STATE}\\owed.json`]: owed({ take: { folder: 'x' } }) } },
    found: 'app.post-pending',
    verdict: 'fail',
    detail: /still owes: shadow copies that came to nothing$/,
  },
];
