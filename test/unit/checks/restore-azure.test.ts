import t from 'tap';
import { datasourcesOf } from '../../../agent/checks/restore-azure.ts';

t.test('which clouds cloud-init looks for, in both forms of the list', async (t) => {
  t.equal(datasourcesOf('a: 1\ndatasource_list: [ Azure, None ]\n'), 'Azure, None');
  t.equal(datasourcesOf('datasource_list:\n  - Azure \n- None\nother: 1\n'), 'Azure None');
  t.equal(datasourcesOf('# datasource_list: [ Ec2 ]\n'), undefined);
});
