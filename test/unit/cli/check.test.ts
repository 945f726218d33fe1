import t, { type Test } from 'tap';
import { allChecks } from '../../../agent/checks/all.ts';
import { check } from '../../../agent/cli/commands/check.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { defaultConfig } from '../../../agent/config/load.ts';
import type { Agent } from '../../../agent/daemon.ts';
import { UserError } from '../../../agent/errors.ts';
import { silentLog } from '../../../agent/log.ts';
import { type ExamineRequest, examine } from '../../../agent/readiness/examine.ts';
import { gatherTold } from '../../../agent/readiness/tell.ts';
import type { Told } from '../../../agent/reporters/reporter.ts';
import { machine } from '../checks/machine.ts';

interface Scene {
  readonly privileged?: boolean;
  readonly attended?: boolean;
  readonly broken?: UserError;
}

/** The command on a machine of files, with everything that it says and asks for. */
async function run(t: Test, argv: readonly string[], { privileged = true, attended = false, broken }: Scene = {}) {
  const { system, cleanUp } = machine({ privileged });
  t.teardown(cleanUp);
  const config = await defaultConfig('linux');
  const said = { out: '', notes: [] as string[], progress: [] as string[], told: [] as Told[] };
  const requests: ExamineRequest[] = [];
  const agent = {
    examine: (request: ExamineRequest) => {
      requests.push(request);
      return examine({ system, config, quiescers: [] }, request);
    },
    told: (examination) => gatherTold(examination, { system, config, log: silentLog }),
    tell: async (each) => void said.told.push(each),
  } as Pick<Agent, 'examine' | 'told' | 'tell'> as Agent;
  const given = parseCommandLine(['check', ...argv], COMMANDS);
  const context: CommandContext = {
    given,
    system,
    log: silentLog,
    self: [],
    signal: new AbortController().signal,
    json: given.switches.has('json'),
    width: 80,
    colour: false,
    attended,
    agent: async () => {
      if (broken !== undefined) throw broken;
      return agent;
    },
    agentInAnyCase: async () => agent,
    print: (text) => {
      said.out += text;
    },
    note: (text) => void said.notes.push(text),
    progress: (text) => void said.progress.push(text),
    confirm: async () => false,
  };
  const code = await check(context);
  return { ...said, code, requests };
}

t.test('all checks are told, and a part of them is not', async (t) => {
  t.equal((await run(t, [])).told.length, 1);
  t.equal((await run(t, ['--only', 'os.*'])).told.length, 0);
  t.equal((await run(t, ['--skip', 'os.load'])).told.length, 0);
});

t.test('without root it says what it did not do, to a person only', async (t) => {
  const alone = await run(t, [], { privileged: false });
  t.strictSame([alone.told.length, alone.notes], [0, []]);
  const watched = await run(t, [], { privileged: false, attended: true });
  t.strictSame(watched.notes, ['not written: /run/quiesced/status.json needs root\n']);
  t.equal(watched.told.length, 0);
});

t.test('progress counts what has answered, and is cleared at the end', async (t) => {
  const { progress } = await run(t, ['--only', 'os.arch64,os.load']);
  t.strictSame(progress.at(0), '0/2 os.arch64 …');
  t.match(progress.at(1), /^1\/2 os\.(load|arch64) …$/);
  t.strictSame(progress.slice(2), ['']);
});

t.test('a list runs nothing', async (t) => {
  const { out, code, requests } = await run(t, ['--list', '--group', 'os', '--json']);
  t.equal(code, 0);
  t.strictSame(requests, []);
  const { checks } = JSON.parse(out) as { checks: { id: string; group: string }[] };
  t.strictSame(
    checks.length,
    allChecks.filter(({ group, platforms }) => group === 'os' && platforms?.[0] !== 'windows').length,
  );
  const text = (await run(t, ['--list', '--only', 'os.arch64'])).out;
  t.match(text, /^Operating system \(os\)\n {2}os\.arch64 {2}\S.*\n\n$/);
});

t.test('the formats', async (t) => {
  const only = ['--only', 'os.arch64'];
  t.match(
    (await run(t, [...only, '--format', 'nagios'])).out,
    /^(OK|WARNING|CRITICAL|UNKNOWN) - [^\n|]+ \| fail=\d.*\n$/,
  );
  t.match(
    (await run(t, [...only, '--format', 'prometheus'])).out,
    /^quiesced_check\{id="os\.arch64",group="os"\} \d$/m,
  );
  for (const flags of [['--json'], ['--format', 'json'], ['--json', '--format', 'json']]) {
    t.match(JSON.parse((await run(t, [...only, ...flags])).out), { schema: 1, expected: { consistency: /./ } });
  }
  await t.rejects(run(t, ['--format', 'nagio']), {
    exitCode: 2,
    message: 'there is no format "nagio"; did you mean nagios?',
  });
  await t.rejects(run(t, ['--json', '--format', 'nagios']), { exitCode: 2, message: /exclude each other/ });
});

t.test('a wrong configuration does not keep the checks from running', async (t) => {
  const broken = new UserError('config.invalid', '/etc/quiesced/quiesced.conf:1: is an unknown key');
  const { out } = await run(t, ['--only', 'os.arch64', '--json'], { broken });
  t.match(JSON.parse(out), {
    expected: { consistency: 'none', reason: broken.message },
    findings: [{ id: 'os.arch64' }],
  });
  await t.rejects(run(t, [], { broken: new Error('a bug') as UserError }), { message: 'a bug' });
});
