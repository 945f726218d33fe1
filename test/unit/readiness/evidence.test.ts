import t, { type Test } from 'tap';
import { defaultConfig } from '../../../agent/config/load.ts';
import type { Config } from '../../../agent/config/schema.ts';
import { UserError } from '../../../agent/errors.ts';
import { silentLog } from '../../../agent/log.ts';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import { type ExpectationParts, expectOf } from '../../../agent/readiness/evidence.ts';
import { planScripts } from '../../../agent/scripts/planned.ts';
import { levelOf } from '../../../agent/snapshot/outcome.ts';
import { Timeline } from '../../../agent/snapshot/phases.ts';
import { PreparePhase } from '../../../agent/snapshot/prepare-phase.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeSystem } from '../../fakes/system.ts';
import { processFiles } from '../checks/machine.ts';

const ROOT = '20 1 254:0 / / rw - ext4 /dev/vda rw\n';
const TANK = '21 20 0:40 / /tank rw - zfs tank rw\n';
const POSTGRES = processFiles(812, 'postgres', ['/usr/lib/postgresql/15/bin/postgres', '-D', '/srv/pg']);

interface Scene {
  readonly mountinfo?: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly config?: Partial<Config>;
  readonly privileged?: boolean;
  readonly parts?: Partial<ExpectationParts>;
}

async function expected(t: Test, { mountinfo = ROOT, files, config, privileged = true, parts }: Scene) {
  const system = fakeSystem({ files: { '/proc/1/mountinfo': mountinfo, ...files }, privileged });
  t.teardown(() => system.cleanUp());
  const whole = { ...(await defaultConfig('linux')), ...config };
  return expectOf({ system, config: whole, quiescers: [], ...parts });
}

const scripts = (pre: string | undefined, post?: string): Pick<Config, 'scripts'> => ({
  scripts: { pre, post, qemuHooks: undefined, vmwareScripts: undefined, timeoutMs: 1000, retries: 0 },
});

t.test('by the file systems', async (t) => {
  t.match(await expected(t, {}), { consistency: 'file-system', reason: /nothing is set up/ });
  t.match(await expected(t, { mountinfo: ROOT + TANK }), { consistency: 'crash', reason: '/tank cannot be frozen' });
  t.match(await expected(t, { mountinfo: TANK.replace('zfs', 'tmpfs') }), {
    consistency: 'crash',
    reason: 'no file system would be frozen: there is none that can be',
  });
  const exclude = { freeze: { exclude: ['/*'], expedite: true } };
  t.match(await expected(t, { config: exclude }), { consistency: 'crash', reason: /\[freeze\] exclude = \/\*$/ });
  t.match(await expected(t, { files: { '/run/systemd/container': 'podman\n' } }), {
    consistency: 'crash',
    reason: /this is a container/,
  });
});

t.test('by the databases', async (t) => {
  const reason = 'PostgreSQL runs and nothing quiesces it';
  t.match(await expected(t, { files: POSTGRES }), { consistency: 'file-system', reason });
  for (const name of ['postgresql', 'postgresql.main']) {
    const system = fakeSystem();
    t.teardown(() => system.cleanUp());
    const config = await load({ [MAIN]: `[quiescer ${name}]\n` });
    const quiescers = await createQuiescers(system, config.config, []);
    t.match(await expected(t, { files: POSTGRES, parts: { quiescers } }), {
      consistency: 'application',
      reason: /^PostgreSQL( \(main\))? would be held$/,
    });
  }
});

t.test('by the scripts', async (t) => {
  t.match(await expected(t, { config: scripts('/usr/local/sbin/gone') }), {
    consistency: 'file-system',
    reason: /the scripts cannot all run: .*\/usr\/local\/sbin\/gone does not exist/,
  });
  const snapshot = { ...(await defaultConfig('linux')).snapshot, onFailure: 'abort' as const };
  t.match(await expected(t, { config: { ...scripts('/gone'), snapshot } }), { consistency: 'none' });
});

t.test('what stops a snapshot, as root and without', async (t) => {
  const configFault = new UserError('config.invalid', '/etc/quiesced/quiesced.conf:3: is an unknown key\nand more');
  const reason = '/etc/quiesced/quiesced.conf:3: is an unknown key';
  t.strictSame(await expected(t, { parts: { configFault } }), { consistency: 'none', reason });
  t.strictSame(await expected(t, { parts: { configFault }, privileged: false }), { consistency: 'unknown', reason });
});

t.test('what cannot be told breaks nothing, and tells no secret', async (t) => {
  const system = fakeSystem({ files: {} });
  t.teardown(() => system.cleanUp());
  const readText = async () => {
    throw new Error('EIO: password=hunter2');
  };
  const config = await defaultConfig('linux');
  const answer = await expectOf({ system: { ...system, readText }, config, quiescers: [] });
  t.strictSame(answer, { consistency: 'unknown', reason: 'EIO: password=[redacted]' });
});

t.test('a file that cannot be read to its end is given up', async (t) => {
  const system = fakeSystem({ files: {} });
  t.teardown(() => system.cleanUp());
  const readText = () => new Promise<never>(() => undefined);
  const config = await defaultConfig('linux');
  const answer = await expectOf({ system: { ...system, readText }, config, quiescers: [] }, 20);
  t.match(answer, { consistency: 'unknown', reason: /looking ahead/ });
});

// The promise and the outcome must not disagree: what the phase says of the same scripts, once it has run them.
t.test('agrees with the phase that runs the scripts', async (t) => {
  const none = async () => undefined;
  for (const [pre, post] of [
    [undefined, undefined],
    ['/gone', undefined],
    [undefined, '/gone'],
  ] as const) {
    const system = fakeSystem({ files: { '/proc/1/mountinfo': ROOT } });
    t.teardown(() => system.cleanUp());
    const config = { ...(await defaultConfig('linux')), ...scripts(pre, post) };
    const planned = await planScripts(system, config.scripts);
    const timeline = new Timeline(0);
    const options = {
      system,
      log: silentLog,
      planned,
      required: false,
      runId: 'x',
      timeline,
      freezes: true,
      owe: none,
    };
    const phase = new PreparePhase(options);
    await phase.enter(AbortSignal.timeout(5000)).catch(none);
    const { consistency } = levelOf({
      taken: true,
      takeEndedAtMs: undefined,
      frozen: 'all',
      freezeLostAtMs: undefined,
      unfreezable: [],
      applications: phase.evidence,
      unheld: [],
      unfrozenData: [],
    });
    const promised = await expectOf({ system, config, quiescers: [] });
    t.equal(promised.consistency, consistency, `pre ${pre}, post ${post}`);
  }
});
