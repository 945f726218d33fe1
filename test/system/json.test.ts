import { loopTest } from './loop.ts';
import { nobodyHolds } from './loop-observe.ts';
import { conforms } from './schemas.ts';

loopTest('what is printed with --json is what docs/schema says', async (t, rig) => {
  const { cli } = rig;
  const { mountPoint } = await rig.make('ext4');
  const json = async (...args: readonly string[]) => (await cli.run(...args)).json;

  conforms(t, 'report', await json('check'));
  conforms(t, 'config', await json('config'));
  conforms(t, 'history', await json('history'));
  conforms(t, 'status', await json('status'));
  conforms(t, 'quiescers', await json('quiescers'));
  conforms(t, 'error', await json('release'));
  conforms(t, 'error', await json('freeze', '--mount', '/nowhere'));
  conforms(t, 'error', await json('hold', '--nonsense'));
  conforms(t, 'thaw', await json('thaw'));

  conforms(t, 'run', await json('hold', '--mount', mountPoint));
  const held = await json('status');
  conforms(t, 'status', held);
  t.match(held, { run: { state: 'held' }, frozen: [mountPoint] }, 'the status tells what is held and frozen');
  conforms(t, 'error', await json('freeze', '--mount', mountPoint));
  conforms(t, 'outcome', await json('release'));
  await nobodyHolds(rig.root);
  conforms(t, 'outcome', await json('rehearse', '--yes', '--mount', mountPoint));
  const answer = `read line; echo '{"ok":true,"snapshot":"one"}'; cat >/dev/null`;
  conforms(t, 'outcome', await json('snapshot', '--mount', mountPoint, '--', 'sh', '-c', answer));
  const history = await json('history');
  conforms(t, 'history', history);
  t.equal(history.outcomes.length, 3);
  conforms(t, 'status', await json('status'));

  const overview = await json('report');
  conforms(t, 'overview', overview);
  t.strictSame(
    overview.runs.map(({ longestStall }: { longestStall: { mountPoint: string } }) => longestStall.mountPoint),
    [mountPoint, mountPoint, mountPoint],
    'each of the runs made somebody wait, and it is known where',
  );
  rig.put('/srv/.keep', '');
  const { code, stdout } = await cli.start(['report', '--html', '--out', '/srv/report.html']).ended;
  t.strictSame([code, stdout], [0, '']);
  const page = rig.read('root/srv/report.html');
  t.ok(page.startsWith('<!DOCTYPE html>') && page.endsWith('</html>\n'), 'the page is whole');
});

loopTest('the report of a rehearsal in a sandbox is what docs/schema says', async (t, rig) => {
  rig.put('/var/tmp/README', 'where the sandbox is made\n');
  const { json, code, stderr } = await rig.cli.run('rehearse', '--sandbox');
  conforms(t, 'sandbox-report', json);
  t.equal(code, 0, 'it works here', { stderr, json });
  t.equal(json.outcome.consistency, 'application');
});
