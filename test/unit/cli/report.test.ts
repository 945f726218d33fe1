import { chownSync, existsSync, mkdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { report } from '../../../agent/cli/commands/report.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { defaultConfig } from '../../../agent/config/load.ts';
import type { Agent } from '../../../agent/daemon.ts';
import { silentLog } from '../../../agent/log.ts';
import type { Examination } from '../../../agent/readiness/examine.ts';
import { history } from '../../report/past.ts';
import { conforms } from '../../system/schemas.ts';
import { AZURE, machine } from '../checks/machine.ts';

const EXAMINED: Examination = {
  schema: 1,
  time: '2026-11-21T02:00:00.000Z',
  durationMs: 2100,
  facts: AZURE,
  verdict: 'pass',
  exitCode: 0,
  counts: { fail: 0, error: 0, warn: 0, info: 0, pass: 0, skip: 0 },
  findings: [],
  expected: { consistency: 'application', reason: 'the pre scripts would run: db' },
};
const FROZEN: Examination = {
  ...EXAMINED,
  findings: [
    {
      id: 'fs.already-frozen',
      group: 'storage',
      title: 'x',
      verdict: 'fail',
      detail: '/data is frozen',
      durationMs: 1,
    },
  ],
};

/** The command on a machine with a history. */
async function run(
  t: Test,
  argv: readonly string[],
  { privileged = true, examined = EXAMINED, during = (_root: string) => {} } = {},
) {
  const lines = history(3).map((outcome) => JSON.stringify(outcome));
  const files = { '/var/lib/quiesced/history.jsonl': `${lines.join('\n')}\n`, '/srv/.keep': '' };
  const { system, cleanUp } = machine({ privileged, files });
  t.teardown(cleanUp);
  const examine = async () => {
    during(system.root);
    return examined;
  };
  const agent = { config: await defaultConfig('linux'), examine } as unknown as Agent;
  let out = '';
  const given = parseCommandLine(['report', ...argv], COMMANDS);
  const context = {
    given,
    system,
    log: silentLog,
    json: given.switches.has('json'),
    width: 80,
    colour: false,
    agent: async () => agent,
    print: (text: string) => {
      out += text;
    },
    progress: () => undefined,
  } as unknown as CommandContext;
  return { root: system.root, context, out: () => out, ended: () => report(context) };
}

t.test('the same in three forms', async (t) => {
  const page = await run(t, ['--html']);
  t.equal(await page.ended(), 0);
  t.match(page.out(), /^<!DOCTYPE html>[\s\S]*web-01[\s\S]*<\/html>\n$/);
  const json = await run(t, ['--json']);
  await json.ended();
  conforms(t, 'overview', JSON.parse(json.out()));
  const text = await run(t, []);
  await text.ended();
  t.match(text.out(), /^Last runs\n[\s\S]*snapshots: [\s\S]*READY: nothing found/);
  await t.rejects((await run(t, ['--html', '--json'])).ended(), { code: 'usage' });
});

t.test('without root it says that it does not know of the runs', async (t) => {
  const { ended, out } = await run(t, ['--html'], { privileged: false });
  await ended();
  t.match(out(), /They cannot be told: the history is for root alone to read/);
});

t.test('a file is for its owner alone, and replaced as a whole', async (t) => {
  const { root, ended, out } = await run(t, ['--html', '--out', '/srv/report.html']);
  const path = join(root, 'srv/report.html');
  await ended();
  t.equal(out(), '');
  t.equal(statSync(path).mode & 0o777, 0o600);
  writeFileSync(path, 'old');
  await ended();
  t.match(readFileSync(path, 'utf8'), /<\/html>\n$/);
});

t.test('it is not led elsewhere, nor into what cannot be written', async (t) => {
  const { root, ended } = await run(t, ['--out', '/srv/report.html']);
  symlinkSync('/srv/other', join(root, 'srv/report.html'));
  await t.rejects(ended(), { code: 'report.unwritable', message: /symbolic link/, remedy: /itself/ });
  t.notOk(existsSync(join(root, 'srv/other')));
  const inFolder = await run(t, ['--out', '/srv/folder']);
  mkdirSync(join(inFolder.root, 'srv/folder'));
  await t.rejects(inFolder.ended(), { code: 'report.unwritable', message: /folder/ });
  await t.rejects((await run(t, ['--out', '/nowhere/report'])).ended(), {
    code: 'report.unwritable',
    remedy: /folder/,
  });
  await t.rejects((await run(t, ['--out', ''])).ended(), { code: 'usage' });
});

t.test('nor by who comes in between, or had the file before', { skip: process.geteuid?.() !== 0 }, async (t) => {
  const late = await run(t, ['--out', '/srv/report.html'], {
    during: (root) => symlinkSync('/srv/other', join(root, 'srv/report.html')),
  });
  await t.rejects(late.ended(), { code: 'report.unwritable', message: /symbolic link/ });
  t.notOk(existsSync(join(late.root, 'srv/other')));

  const theirs = await run(t, ['--out', '/srv/report.html']);
  const path = join(theirs.root, 'srv/report.html');
  writeFileSync(path, 'theirs');
  chownSync(path, 65_534, 65_534);
  await t.rejects(theirs.ended(), { code: 'report.unwritable', message: /uid 65534/, remedy: /of your own/ });
  t.equal(readFileSync(path, 'utf8'), 'theirs');
});

t.test('nothing is written while something is frozen; it can still be printed', async (t) => {
  const { root, ended } = await run(t, ['--out', '/srv/report'], { examined: FROZEN });
  await t.rejects(ended(), { code: 'report.frozen', message: /\/data is frozen/, remedy: /quiesced thaw/ });
  t.notOk(existsSync(join(root, 'srv/report')));
  t.equal(await (await run(t, [], { examined: FROZEN })).ended(), 0);
});
