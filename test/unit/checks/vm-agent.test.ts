import t from 'tap';
import { runChecks } from '../../../agent/checks/run.ts';
import { vmAgentChecks } from '../../../agent/checks/vm-agent.ts';
import { check, LIB, later, scene, UNIT, unit } from './agent-machine.ts';
import { AZURE, ELSEWHERE, machine, type Scene } from './machine.ts';

const shownIds = async (given: Scene): Promise<readonly string[]> => {
  const { system, cleanUp } = machine(given);
  try {
    const findings = await runChecks(system, vmAgentChecks, { facts: given.facts ?? AZURE });
    return findings.filter(({ hiddenBy }) => hiddenBy === undefined).map(({ id }) => id);
  } finally {
    cleanUp();
  }
};

t.test('a missing agent is one finding, not twelve', async (t) => {
  t.strictSame(await shownIds({}), ['agent.installed', 'agent.other-backup']);
  t.strictSame(await shownIds({ facts: ELSEWHERE }), ['agent.installed', 'agent.other-backup']);
});

t.test('a stopped agent hides its old heartbeat, and nothing else', async (t) => {
  const ids = await shownIds(scene({}, { ...later(600), ...unit(UNIT.replace('=active', '=inactive')) }));
  t.notOk(ids.includes('agent.heartbeat'));
  const others = vmAgentChecks.filter(({ platforms }) => platforms?.includes('linux') ?? true);
  t.equal(ids.length, others.length - 1);
});

t.test('the agent is never asked in a folder that it would take its version from', async (t) => {
  const asked = async (cwd: string) => {
    const { system, cleanUp } = machine(scene({ '/proc/self/cwd': `-> ${cwd}` }));
    const ran: string[] = [];
    await runChecks(
      {
        ...system,
        run: (argv, options) => {
          ran.push(argv.join(' '));
          return system.run(argv, options);
        },
      },
      [check('agent.version.linux')],
      { facts: AZURE },
    );
    cleanUp();
    return ran.filter((command) => command.includes('--version'));
  };
  t.strictSame(await asked('/root'), ['/usr/sbin/waagent --version']);
  t.strictSame(await asked(`${LIB}/WALinuxAgent-2.2.10`), ['env --chdir=/ /usr/sbin/waagent --version']);
  t.strictSame(await asked('/tmp/gone (deleted)'), ['env --chdir=/ /usr/sbin/waagent --version']);
});

t.test('no program runs for a disk of another machine', async (t) => {
  const { system, cleanUp } = machine(scene());
  const ran: unknown[] = [];
  const still = { ...system, live: false, run: async (argv: readonly string[]) => ran.push(argv) as never };
  await runChecks(still, vmAgentChecks, { facts: AZURE });
  cleanUp();
  t.strictSame(ran, []);
});
