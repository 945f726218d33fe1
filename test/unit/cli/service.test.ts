import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import { service } from '../../../agent/cli/commands/service.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import type { FakeSystem } from '../../fakes/system.ts';
import { machineWith, OFF, ON, PACKAGE_FILE, type Scene, SELF } from '../service/machine.ts';

const SCHEMAS = join(import.meta.dirname, '../../../docs/schema');
const ajv = new Ajv2020({ allErrors: true });
for (const name of ['integration', 'service-plan', 'service-status']) {
  ajv.addSchema(JSON.parse(readFileSync(join(SCHEMAS, `${name}.schema.json`), 'utf8')));
}

function conforms(t: Test, name: string, text: string): void {
  const validate = ajv.getSchema(`${name}.schema.json`);
  t.ok(validate?.(JSON.parse(text)), `as ${name}.schema.json says`, { errors: validate?.errors, text });
}

function machine(t: Test, scene: Scene): FakeSystem {
  const system = machineWith(scene);
  t.teardown(system.cleanUp);
  return system;
}

async function run(system: FakeSystem, ...argv: readonly string[]): Promise<string> {
  const printed: string[] = [];
  const given = parseCommandLine(['service', ...argv], COMMANDS);
  const print = (text: string) => printed.push(text);
  const json = given.switches.has('json');
  const context = { system, given, json, width: 80, self: SELF, print } as unknown as CommandContext;
  // The caller of a command prints what it throws.
  if ((await service(context)) !== 0) throw new Error('an exit code of its own');
  return printed.join('');
}

t.test('a plan is shown, in whole lines, and nothing is done', async (t) => {
  const system = machine(t, {});
  const text = await run(system, 'install', '--dry-run');
  t.match(text, /^Would be done:\n {2}· .*\n/);
  t.match(text, '· run systemctl enable --now quiesced.service');
  t.match(text, /\| ExecStart=\/opt\/quiesced\/node .*\/opt\/quiesced\/quiesced\.mjs daemon\n/);
  t.equal(await system.readText('/etc/systemd/system/quiesced.service'), undefined);
  t.strictSame(
    system.ran.filter(([, verb]) => verb !== 'show'),
    [],
  );
  conforms(t, 'service-plan', await run(system, 'install', '--on-demand', '--dry-run', '--json'));
});

t.test('installed, and taken out again', async (t) => {
  const system = machine(t, {});
  t.match(await run(system, 'install'), /^Done:\n/);
  t.match(await system.readText('/etc/systemd/system/quiesced.service'), 'ExecStart=/opt/quiesced/node');
  const out = await run(system, 'uninstall', '--json');
  conforms(t, 'service-plan', out);
  t.match(JSON.parse(out), { applied: true });
  t.equal(await system.readText('/etc/systemd/system/quiesced.service'), undefined);
  t.equal(await run(system, 'uninstall'), 'Nothing to do: it is as it should be.\n');
});

t.test('the status, in words and in JSON', async (t) => {
  const running = { ...ON, pid: 4711, memory: '62914560' };
  const system = machine(t, { service: running, socket: OFF, timer: OFF, files: PACKAGE_FILE });
  const text = await run(system, 'status');
  t.equal(
    text.split('\n').slice(0, 5).join('\n'),
    [
      'Installed:        by the package',
      'Way:              stays in memory (resident)',
      'quiesced.service: enabled, active, process 4711, 60 MiB with all that it has',
      '                  started',
      'quiesced.socket:  disabled, inactive',
    ].join('\n'),
  );
  t.match(text, /^Readiness: {8}UNKNOWN: there is no/m);
  conforms(t, 'service-status', await run(system, 'status', '--json'));
  conforms(t, 'service-status', await run(machine(t, { systemd: false }), 'status', '--json'));
  t.match(await run(machine(t, {}), 'status'), /^Installed: +no; .*service install\nWay: +none is enabled\n/);
});

t.test('a flag that would do nothing is refused', async (t) => {
  for (const verb of ['status', 'uninstall']) {
    await t.rejects(run(machine(t, {}), verb, '--on-demand'), { code: 'usage', exitCode: 2 });
  }
});

t.test('nobody is cut off: while a run is under way nothing is switched', async (t) => {
  const system = machine(t, {});
  const lock = join(system.root, 'run/quiesced/lock');
  mkdirSync(join(system.root, 'run/quiesced'), { recursive: true });
  writeFileSync(lock, JSON.stringify({ pid: 7, command: 'quiesced snapshot', since: 'noon' }));
  const holder = spawn('flock', [lock, 'sh', '-c', 'echo held; read line'], { stdio: ['pipe', 'pipe', 'ignore'] });
  t.teardown(() => holder.stdin.end());
  await once(holder.stdout, 'data');
  await t.rejects(run(system, 'install'), {
    code: 'lock.busy',
    message: /quiesced snapshot \(process 7, since noon\)/,
  });
  t.match(await run(system, 'install', '--dry-run'), /^Would be done/, 'to look is free');
  holder.stdin.end('\n');
  await once(holder, 'exit');
  t.match(await run(system, 'install'), /^Done/);
});
