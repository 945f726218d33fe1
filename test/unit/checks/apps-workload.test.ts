import t from 'tap';
import { workloadIsHonoured } from '../../../agent/checks/apps-workload.ts';
import { WORKLOAD_CONF } from '../../../agent/quiescers/workload.ts';
import { fakeSystem } from '../../fakes/system.ts';

t.test('a workload.conf that cannot be honoured is told beforehand', async (t) => {
  const found = async (text?: string) => {
    const system = fakeSystem({ files: text === undefined ? {} : { [WORKLOAD_CONF]: text } });
    t.teardown(() => system.cleanUp());
    return workloadIsHonoured.run(system, undefined as never);
  };
  t.match(await found(), { verdict: 'pass' });
  t.match(await found('[workload]\nworkload_name =\n'), { verdict: 'pass' });
  const mysql = '[workload]\nworkload_name = mysql\nlinux_user = mysql\n';
  t.match(await found(mysql), { verdict: 'pass', detail: /^MySQL is held/ });
  t.match(await found(`${mysql}[logbackup]\nbaseLocation = /x\n`), { verdict: 'warn', detail: /logbackup/ });
  t.match(await found('[workload]\nworkload_name = db2\n'), {
    verdict: 'warn',
    detail: /db2 is not known \(Azure reports 503\)/,
    remedy: /It may be/,
  });
});
