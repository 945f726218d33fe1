/** Several who want a snapshot at the same moment. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { loopTest, must } from '../system/loop.ts';
import type { CliResult } from '../system/loop-cli.ts';
import { isWritable } from '../system/loop-observe.ts';
import { mounts, points } from '../system/loop-outcome.ts';

/** A hundred rounds take minutes: give tap `--timeout=900` for them. */
const ROUNDS = process.env.QUIESCED_LONG === '1' ? 100 : 5;

/** Ends when the file `go` is there: until all the others have been refused. */
const TAKER = `#!/bin/sh
read -r line; echo >$FOLDER/frozen
while [ ! -e $FOLDER/go ]; do sleep 0.02; done
echo '{"ok":true}'; while read -r line; do :; done
`;

loopTest(`three triggers at once, ${ROUNDS} times (with QUIESCED_LONG=1 a hundred)`, async (t, rig) => {
  const mounted = await rig.make('ext4');
  const command = rig.put('opt/taker', TAKER, 0o700);
  const taken: string[] = [];
  for (let round = 1; round <= ROUNDS; round += 1) {
    const words = ['snapshot', '--json', ...mounts(mounted), '--', command];
    const runs = [1, 2, 3].map(() => rig.cli.start(words).ended);
    const [one, other] = [await Promise.race(runs), await secondOf(runs)];
    writeFileSync(join(rig.folder, 'go'), '');
    const all = await Promise.all(runs);
    const winners = all.filter(({ code }) => code === 0);
    t.equal(winners.length, 1, `round ${round}: exactly one`);
    taken.push(winners[0]?.json.id);
    t.match(winners[0]?.json, { consistency: 'file-system', frozen: points(mounted), faults: [] });
    for (const { code, json } of [one, other]) {
      t.match(
        { code, json },
        { code: 1, json: { error: { code: 'lock.busy', message: /quiesced snapshot \(process \d+/ } } },
      );
    }
    await must('rm', join(rig.folder, 'go'), join(rig.folder, 'frozen'));
  }
  // The newest of them are shown.
  const told = (await rig.cli.history()).map(({ id }) => id);
  t.ok(told.length >= Math.min(ROUNDS, 20), `${told.length} of ${ROUNDS} are told`);
  t.strictSame(told, taken.slice(-told.length), 'who was refused has done nothing');
  t.ok(await isWritable(mounted.mountPoint));
});

/** The second that settles. */
function secondOf(runs: readonly Promise<CliResult>[]): Promise<CliResult> {
  const { promise, resolve } = Promise.withResolvers<CliResult>();
  let count = 0;
  for (const run of runs) {
    run.then((result) => {
      count += 1;
      if (count === 2) resolve(result);
    });
  }
  return promise;
}
