import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { Ajv2020 } from 'ajv/dist/2020.js';
import t, { type Test } from 'tap';
import type { AzureCode } from '../../../agent/checks/azure-codes.ts';
import { AZURE_CODES, azureCode } from '../../../agent/checks/azure-explained.ts';
import { type Check, type Finding, fail, pass } from '../../../agent/checks/check.ts';
import { explain, lookHere } from '../../../agent/cli/commands/explain.ts';
import type { CommandContext } from '../../../agent/cli/context.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { renderCodes, renderExplanation } from '../../../agent/cli/render-explanation.ts';
import { renderFindings } from '../../../agent/cli/render-report.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { assert, constantFrom, property } from '../../fast-check.ts';
import { machine } from '../checks/machine.ts';

const PLAIN = { width: 80, colour: false, verbose: true } as const;

const CODE: AzureCode = {
  codes: ['SomeError', '4711'],
  meaning: 'something went wrong',
  causes: ['this', 'that'],
  checks: ['a.child', 'a.good', 'vss.writers'],
  remedy: 'Mend it:\n$ mend --all',
  source: 'a page (2026)',
};

const check = (id: string, run: Check['run'], more: Partial<Check> = {}): Check => ({
  id,
  group: 'os',
  title: id,
  run,
  ...more,
});
const CHECKS: readonly Check[] = [
  check('a.cause', async () => fail('it is gone', 'Fetch it:\n$ fetch it')),
  check('a.child', async () => fail('own', 'fix'), { dependsOn: ['a.cause'] }),
  check('a.good', async () => pass('fine')),
  check('a.other', async () => fail('not asked', 'fix')),
  check('vss.writers', async () => pass(''), { platforms: ['windows'] }),
];

async function look(t: Test, code = CODE, checks = CHECKS) {
  const { system, cleanUp } = machine({});
  t.teardown(cleanUp);
  return lookHere(system, code, checks);
}

/** The command on an empty machine: its exit code and what it printed. */
async function run(t: Test, ...argv: readonly string[]) {
  const { system, cleanUp } = machine({});
  t.teardown(cleanUp);
  const given = parseCommandLine(['explain', ...argv], COMMANDS);
  let printed = '';
  const print = (text: string) => {
    printed += text;
  };
  const context = { given, system, json: given.switches.has('json'), width: 80, colour: false, print };
  const code = await explain(context as Partial<CommandContext> as CommandContext);
  return { code, printed };
}

t.test('the checks of the code are run, and what hides one of them is shown', async (t) => {
  const { findings, notHere } = await look(t);
  t.match(findings, [
    { id: 'a.cause', verdict: 'fail' },
    { id: 'a.child', hiddenBy: 'a.cause' },
    { id: 'a.good', verdict: 'pass' },
  ]);
  t.equal(findings.length, 3, 'and no other');
  t.strictSame(notHere, ['vss.writers']);
});

t.test('what hides nothing is not shown', async (t) => {
  const cause = check('a.cause', async () => pass('it is there'));
  const { findings } = await look(t, CODE, [cause, ...CHECKS.slice(1)]);
  t.strictSame(
    findings.map(({ id, verdict }) => [id, verdict]),
    [
      ['a.child', 'fail'],
      ['a.good', 'pass'],
    ],
  );
});

t.test('what a person sees: the meaning, what was found, what to do', async (t) => {
  t.equal(
    renderExplanation(await look(t), PLAIN),
    [
      'SomeError: something went wrong.',
      '  Also: 4711',
      '',
      'Usual causes that can be seen from inside:',
      '  - this',
      '  - that',
      '',
      'Looked for here:',
      '  FAIL    it is gone',
      '          Should be: a.cause [a.cause]',
      '          Fetch it:',
      '            fetch it',
      '',
      '  ok      a.good',
      '',
      'One finding here may explain it.',
      '',
      'Not to be seen on this machine: vss.writers.',
      '',
      'What to do:',
      '  Mend it:',
      '    mend --all',
      '',
      'Source: a page (2026)',
      '',
    ].join('\n'),
  );
});

t.test('nothing found is told, and nothing to look for is no finding', async (t) => {
  t.match(renderExplanation(await look(t, { ...CODE, checks: ['a.good'] }), PLAIN), /Nothing here explains it/);
  const none = renderExplanation(await look(t, { ...CODE, checks: ['vss.writers'] }), PLAIN);
  t.notMatch(none, /Looked for|explains it/);
});

t.test('no line is longer than the screen, but for what is pasted', async (t) => {
  assert(
    property(constantFrom(...AZURE_CODES), constantFrom(50, 60, 80), (code, width) => {
      const text = renderExplanation({ schema: 1, ...code, findings: [], notHere: code.checks }, { ...PLAIN, width });
      const pasted = code.remedy.split('\n').filter((line) => line.startsWith('$ '));
      return text
        .split('\n')
        .filter((line) => !pasted.some((command) => line.includes(command.slice(2))))
        .every((line) => line.length <= width || !line.trim().includes(' '));
    }),
  );
  for (const line of renderCodes(AZURE_CODES, 80).split('\n')) t.ok(line.length <= 80, line);
});

t.test('the command', async (t) => {
  const { code, printed } = await run(t, 'usererrorfsfreezefailed');
  t.equal(code, 0);
  t.match(printed, /^UserErrorFsFreezeFailed: .*\n +Also: 121/);
  t.match(printed, /Looked for here:/);
  const list = await run(t);
  for (const { codes } of AZURE_CODES) t.ok(list.printed.includes(codes[0]), codes[0]);
});

t.test('a code that is not known', async (t) => {
  for (const [word, remedy] of [
    ['UserErrorFsFrezeFailed', 'Did you mean: quiesced explain UserErrorFsFreezeFailed'],
    ['fsfreeze', 'Did you mean: quiesced explain UserErrorFsFreezeFailed'],
    ['CloneLimitation', 'To list those that are: quiesced explain'],
    ['99', /quiesced explain/],
  ] as const) {
    await t.rejects(run(t, word), { code: 'explain.unknown', exitCode: 2, remedy }, word);
  }
  await t.rejects(run(t, '76', '85'), { code: 'usage', exitCode: 2 });
});

t.test('the JSON is as its schema says', async (t) => {
  const folder = join(import.meta.dirname, '../../../docs/schema');
  const ajv = new Ajv2020({ allErrors: true, formats: { 'date-time': true } });
  for (const file of globSync('*.schema.json', { cwd: folder })) {
    ajv.addSchema(JSON.parse(readFileSync(join(folder, file), 'utf8')));
  }
  const validate = ajv.getSchema('explanation.schema.json');
  for (const argv of [['121'], ['vmrestorepointinternalerror'], ['173'], []]) {
    const { printed } = await run(t, ...argv, '--json');
    t.ok(validate?.(JSON.parse(printed)), argv.join(), { errors: validate?.errors });
  }
  const findings = [{ id: 'a.b' }];
  t.notOk(validate?.({ schema: 1, ...azureCode('121'), findings, notHere: [] }), 'a finding is a whole one');
});

t.test('a report names the errors of Azure by its problems only', async (t) => {
  const finding = (verdict: Finding['verdict']): Finding => ({
    id: 'fs.x',
    group: 'storage',
    title: 'All is well',
    verdict,
    detail: 'something',
    durationMs: 1,
    explains: ['UserErrorFsFreezeFailed', '122'],
  });
  for (const [verdict, named] of [
    ['fail', true],
    ['warn', true],
    ['error', false],
    ['info', false],
    ['pass', false],
  ] as const) {
    const lines = renderFindings([finding(verdict)], { ...PLAIN, colour: true }).map(stripVTControlCharacters);
    const line = '          Azure may call it UserErrorFsFreezeFailed, 122';
    t.equal(lines.includes(line), named, verdict);
  }
});
