/**
 * `npm run fuzz`: feeds every reader of what others wrote with mutations of real samples.
 *
 *     npm run fuzz -- [--inputs 100000] [--seed WORD] [--only NAME]... [--input NUMBER] [--jobs 2]
 *
 * `--input` tries that one again which a failure named; with `--seed` and `--only` it is the very same.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { targets } from './all.ts';
import { inputOf } from './inputs.ts';
import type { FuzzTarget } from './target.ts';
import type { Failed } from './task.ts';
import { fuzz } from './watch.ts';

const DEADLINE_MS = 2000;
const SHOWN = 600;

const { values } = parseArgs({
  options: {
    inputs: { type: 'string', default: '100000' },
    seed: { type: 'string', default: randomBytes(4).toString('hex') },
    only: { type: 'string', multiple: true },
    input: { type: 'string' },
    jobs: { type: 'string', default: String(Math.min(2, availableParallelism())) },
  },
});

process.exitCode = await main();

async function main(): Promise<number> {
  const { only, seed } = values;
  const unknown = (only ?? []).filter((name) => !targets.some((target) => target.name === name));
  if (unknown.length > 0) {
    say(`there is no target ${unknown.join(', ')}; there are: ${targets.map(({ name }) => name).join(', ')}`);
    return 2;
  }
  const chosen = targets.filter(({ name }) => only?.includes(name) ?? true);
  say(`seed ${seed}, ${chosen.length} targets`);
  const failed = (await inTurn(chosen)).filter((survived) => !survived).length;
  const counts = `total: ${chosen.length}, pass: ${chosen.length - failed}, fail: ${failed}`;
  say(`seed ${seed}`);
  say(`# { ${counts} }`);
  return failed === 0 ? 0 : 1;
}

/** A few targets side by side. */
async function inTurn(chosen: readonly FuzzTarget[]): Promise<readonly boolean[]> {
  const left = [...chosen];
  const survived: boolean[] = [];
  const one = async (): Promise<void> => {
    for (let target = left.shift(); target !== undefined; target = left.shift()) survived.push(await feed(target));
  };
  await Promise.all(Array.from({ length: Number(values.jobs) }, one));
  return survived;
}

/** Whether it survived. */
async function feed(target: FuzzTarget): Promise<boolean> {
  const beganMs = performance.now();
  const [from, to] =
    values.input === undefined
      ? [0, Math.ceil(Number(values.inputs) / (target.oneIn ?? 1))]
      : [Number(values.input), Number(values.input) + 1];
  const list = new URL('./all.ts', import.meta.url).href;
  const failures = await fuzz(target, { list, seed: values.seed, from, to, deadlineMs: DEADLINE_MS });
  const took = ((performance.now() - beganMs) / 1000).toFixed(1);
  const verdict = failures.length === 0 ? 'ok' : `${failures.length} FAILURES`;
  say(`${target.name.padEnd(24)} ${String(to - from).padStart(7)} inputs ${took.padStart(6)} s  ${verdict}`);
  for (const failure of failures) tell(target, failure);
  return failures.length === 0;
}

function tell(target: FuzzTarget, { number, why }: Failed): void {
  const input = inputOf(target, values.seed, number);
  const file = join(mkdtempSync(join(tmpdir(), 'quiesced-fuzz-')), 'input');
  writeFileSync(file, input);
  say(why.replaceAll(/^/gm, '    '));
  say(`    input (${input.length} bytes, whole in ${file}):\n    ${escaped(input).slice(0, SHOWN)}`);
  say(`    again: npm run fuzz -- --seed ${values.seed} --only ${target.name} --input ${number}`);
}

/** Every byte that is not plain text as `\xNN`. */
function escaped(input: Buffer): string {
  const hex = (byte: string) => `\\x${byte.charCodeAt(0).toString(16).padStart(2, '0')}`;
  return input.toString('latin1').replaceAll(/[^ -[\]-~]/g, hex);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
