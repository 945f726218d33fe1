import t from 'tap';
import { silentLog } from '../../agent/log.ts';
import { Timeline } from '../../agent/snapshot/phases.ts';
import { PreparePhase } from '../../agent/snapshot/prepare-phase.ts';
import { scriptAt, scriptsRig } from './scripts-rig.ts';

const calm = new AbortController().signal;

t.test('whatever came of the snapshot, the post script runs, once, and is told', async (t) => {
  for (const consistency of ['application', 'file-system', 'crash', 'none'] as const) {
    for (const froze of [true, false]) {
      const rig = scriptsRig(t);
      const told = 'echo "$1 $QUIESCED_RESULT $QUIESCED_CONSISTENCY" >>"$ROOT/calls"';
      const post = rig.put('/opt/post', `#!/bin/sh\n${told}\n`);
      const script = scriptAt(rig.put('/opt/pre', '#!/bin/sh\ntrue\n'), { post: { path: post, args: ['post'] } });
      const owed: unknown[] = [];
      const phase = new PreparePhase({
        system: rig.system,
        log: silentLog,
        planned: { scripts: [script], problems: [], required: false, freezeWanted: true },
        required: false,
        runId: 'run-1',
        timeline: new Timeline(0),
        freezes: true,
        owe: async (what) => void owed.push(what),
      });
      await phase.enter(calm);
      await phase.leave({ consistency, froze }, calm);
      await phase.leave({ consistency, froze }, calm);
      const result = consistency === 'none' ? 'failed' : 'success';
      t.equal(rig.read('calls'), `post ${result} ${consistency}\n`, `${consistency}, ${froze ? '' : 'not '}frozen`);
      t.equal(owed.at(-1), undefined, 'and is owed no more');
    }
  }
});
