/**
 * PostgreSQL's own backup mode: the copy is started with the label that `pg_backup_stop` gave after the thaw and the archive
 * of its log, as its documentation asks for; and the label is the one of this copy.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loopTest, must } from '../system/loop.ts';
import { boundaryOf, brokenIn } from './boundary.ts';
import { own } from './engine.ts';
import { postgresql } from './engine-postgresql.ts';
import { startLoad } from './load.ts';
import { prepareStage } from './stage.ts';

loopTest('a copy in backup mode starts from its label and the archive', async (t, rig) => {
  t.setTimeout(600_000);
  const archive = join(rig.folder, 'archive');
  await own('postgres', archive);
  await must('chmod', '0755', rig.folder);
  const archiving = ['archive_mode=on', `archive_command=cp %p ${archive}/%f`];
  const engine = postgresql('PostgreSQL', 'mode = backup\n', archiving);
  const missing = engine.missing();
  if (missing !== false) return t.comment(missing);
  const stage = await prepareStage(rig, engine);
  const server = await engine.start(stage.places);
  const load = await startLoad(server, 1);
  await sleep(400);
  const { outcome } = await stage.snapshot('held');
  await load.stop();
  // Another database of this machine may cost the level.
  t.match(outcome, { consistency: /^(application|file-system)$/, faults: [] });
  if (outcome === undefined) return;
  const label = readFileSync(join(rig.root, 'var/lib/quiesced/labels/postgresql/backup_label'), 'utf8');
  t.match(label, /^START WAL LOCATION: [\s\S]*LABEL: quiesced/m);
  // What was written after the copy is in the archive when its segment is full, or the server has ended.
  await server.stop();
  await stage.withCopy(async (places) => {
    engine.adopt?.(places);
    const data = join(places.data, 'pg');
    writeFileSync(join(data, 'backup_label'), label);
    writeFileSync(join(data, 'recovery.signal'), '');
    await must('chown', 'postgres', join(data, 'backup_label'), join(data, 'recovery.signal'));
    const restoring = postgresql('the copy', '', [
      `restore_command=cp ${archive}/%f %p`,
      'recovery_target_action=promote',
    ]);
    const copy = await restoring.start(places);
    await copy.check();
    const rows = await copy.rows();
    t.match(brokenIn(load.rows, rows, boundaryOf(engine, outcome)), { lost: 0 }, `${rows.length} rows`);
    await copy.stop();
  });
});
