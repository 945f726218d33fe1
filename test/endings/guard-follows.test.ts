/** Another freeze within one run: there is a guard at every moment, which has the rest left if the program dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { loopTest } from '../system/loop.ts';
import { isWritable, until } from '../system/loop-observe.ts';
import { mounts } from '../system/loop-outcome.ts';

const MAIN = join(import.meta.dirname, '../../agent/main.ts');

loopTest(
  'the program dies just as its guard makes room for another: what is owed is left all the same',
  async (t, rig) => {
    const [kept, changed, other] = [await rig.make('ext4'), await rig.make('ext4'), await rig.make('ext4')];
    // Another file system over this one: what was opened before the scripts is opened anew.
    const cover = `mount ${other.source} ${changed.mountPoint}`;
    rig.put(
      'opt/pre',
      `#!/bin/sh
${cover}
echo pre >>$FOLDER/said
`,
      0o700,
    );
    rig.put('opt/post', '#!/bin/sh\necho post >>$FOLDER/said\n', 0o700);
    rig.configure('[scripts]\npre = /opt/pre\npost = /opt/post\n');
    const child = spawn(process.execPath, [MAIN, 'rehearse', '--yes', ...mounts(kept, changed)], {
      cwd: '/',
      stdio: 'ignore',
      env: {
        ...rig.cli.env(),
        QUIESCED_TEST_FAULT: 'guard.bye.after=stop',
        QUIESCED_TEST_FAULT_REACHED: join(rig.folder, 'reached'),
      },
    });
    const ended = once(child, 'exit');
    t.ok(await until(() => rig.read('reached').includes('\n')), 'the first guard is sent away');
    t.equal(Number(rig.read('reached').split(' ')[1]), child.pid);
    t.equal(rig.read('said'), 'pre\n');
    child.kill('SIGKILL');
    await ended;
    t.ok(await until(() => rig.read('said').includes('post')), 'the next one has noticed');
    t.equal(rig.read('said'), 'pre\npost\n', 'once');
    for (const { mountPoint } of [kept, changed]) t.ok(await isWritable(mountPoint));
  },
);
