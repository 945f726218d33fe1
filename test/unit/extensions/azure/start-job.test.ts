import t from 'tap';
import { silentLog } from '../../../../agent/log.ts';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { startJob } from '../../../../extensions/azure/handler/start-job.ts';
import { fakeSystem } from '../../../fakes/system.ts';

const FOLDER = '/var/lib/waagent/Quiesced.BackupLinux-0.1.0.0';
const PROGRAM = [`${FOLDER}/program/node`, `${FOLDER}/program/lib/handler.mjs`];

t.test('where systemd runs, in a unit of its own, which is settled whatever ends it', async (t) => {
  const system = fakeSystem({ files: { '/run/systemd/system/x': '' }, programs: { 'systemd-run': {} } });
  t.teardown(system.cleanUp);
  const environment = {
    folder: FOLDER,
    logFolder: '/l',
    configFolder: '/c',
    statusFolder: '/s',
    eventsFolder: undefined,
  };
  const handler: Handler = {
    system,
    log: silentLog,
    environment,
    name: 'n',
    version: '1',
    self: PROGRAM,
    quiesced: [],
  };
  await startJob(handler, 7);
  const [argv = []] = system.ran;
  const [node, program] = PROGRAM;
  t.equal(system.ran.length, 1);
  t.strictSame(argv.slice(argv.indexOf('--') + 1), [...PROGRAM, 'job', '7', '--folder', FOLDER]);
  t.ok(argv.includes(`--property=ExecStopPost="${node}" "${program}" "settle" "7" "--folder" "${FOLDER}"`));
  t.notMatch(argv.join(' '), /OOMPolicy/, 'which systemd 239 does not know, and refuses the unit for');
  t.ok(argv.includes('--no-block'), 'and is not waited for');
});
