import t from 'tap';
import { unheldDatabases } from '../../../agent/quiescers/unheld.ts';
import { fakeWindows } from '../../fakes/windows.ts';
import { onDemand, running } from '../checks/windows-machine.ts';

t.test('on Windows those are not held that run and have no VSS writer', async (t) => {
  const services = {
    'postgresql-x64-16': running,
    'postgresql-x64-15': running,
    MySQL80: onDemand,
    MariaDB: running,
    Memurai: running,
    MSSQLSERVER: running,
    OracleServiceORCL: running,
    mysqlish_not: onDemand,
  };
  const machine = { registry: {}, services, files: {}, agesMs: {}, programs: {}, volumes: [], disks: [] };
  const { system, cleanUp } = fakeWindows({ ...machine, security: {}, load: { busy: [], memory: 0 } });
  t.teardown(cleanUp);
  t.strictSame(await unheldDatabases(system, []), ['PostgreSQL', 'MariaDB', 'Redis']);
});
