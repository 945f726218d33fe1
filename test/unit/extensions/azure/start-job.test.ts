import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { silentLog } from '../../../../agent/log.ts';
import type { Handler } from '../../../../extensions/azure/handler/handler.ts';
import { handToSystemd, startJob } from '../../../../extensions/azure/handler/start-job.ts';
import { fakeSystem } from '../../../fakes/system.ts';

const FOLDER = '/var/lib/waagent/Quiesced.BackupLinux-0.1.0.0';
const PROGRAM = [`${FOLDER}/program/node`, `${FOLDER}/program/lib/handler.mjs`];

function handlerOn(system: Handler['system'], self: readonly string[]): Handler {
  const environment = {
    folder: FOLDER,
    logFolder: '/l',
    configFolder: '/c',
    statusFolder: '/s',
    eventsFolder: undefined,
  };
  return { system, log: silentLog, environment, name: 'n', version: '1', self, quiesced: [] };
}

t.test('the job is started, and nobody is waited for: not for systemd either', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-unit-'));
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  const system = fakeSystem({ files: { '/run/systemd/system/x': '' }, programs: { 'systemd-run': {} } });
  t.teardown(system.cleanUp);
  const note = join(folder, 'note');
  await startJob(handlerOn(system, ['/bin/sh', '-c', `echo "$0 $1" >${note}.new && mv ${note}.new ${note}`]), 7);
  t.strictSame(system.ran, []);
  for (const endMs = Date.now() + 60_000; !existsSync(note) && Date.now() < endMs; ) await sleep(20);
  t.equal(readFileSync(note, 'utf8'), 'start 7\n');
});

t.test(
  'without systemd, or with one that does not answer, the job is done without it: twice does no harm',
  async (t) => {
    for (const answer of [{ ended: 'timed-out' as const, exitCode: undefined }, { exitCode: 1 }, undefined]) {
      const files = answer === undefined ? {} : { '/run/systemd/system/x': '' };
      const system = fakeSystem({ files, programs: { 'systemd-run': answer ?? {} } });
      t.teardown(system.cleanUp);
      t.notOk(await handToSystemd(handlerOn(system, PROGRAM), 7));
    }
  },
);

t.test('where systemd runs, in a unit of its own, which is settled whatever ends it', async (t) => {
  const system = fakeSystem({ files: { '/run/systemd/system/x': '' }, programs: { 'systemd-run': {} } });
  t.teardown(system.cleanUp);
  t.ok(await handToSystemd(handlerOn(system, PROGRAM), 7));
  const [argv = []] = system.ran;
  const [node, program] = PROGRAM;
  t.equal(system.ran.length, 1);
  t.strictSame(argv.slice(argv.indexOf('--') + 1), [...PROGRAM, 'job', '7', '--folder', FOLDER]);
  t.ok(argv.includes(`--property=ExecStopPost="${node}" "${program}" "settle" "7" "--folder" "${FOLDER}"`));
  t.notMatch(argv.join(' '), /OOMPolicy/, 'which systemd 239 does not know, and refuses the unit for');
  t.ok(argv.includes('--no-block'), 'and is not waited for');
});
