import { piece } from './pieces.ts';
import type { Random } from './random.ts';

/** What stands in JSON where something else was expected. */
const VALUES: readonly unknown[] = [
  ...[null, true, false, 0, -1, 0.5, 1e308, 2 ** 53, '', 'x', '\0', '\ud800', '__proto__', [], {}, [[]], [null], [{}]],
  ...[{ toString: null }, { length: 3 }, { 0: 'x' }, ['x', 1, null], ' ', '1', 'null', -0, 1e21],
];

/** Changes one value somewhere in the JSON, or in one line of JSON lines; what is no JSON is left as it is. */
export function mutateJson(input: Buffer, random: Random): Buffer {
  const text = input.toString('utf8');
  const whole = changed(text, random);
  if (whole !== undefined) return Buffer.from(whole);
  const lines = text.split('\n');
  const at = random.below(lines.length);
  lines[at] = changed(lines[at] ?? '', random) ?? lines[at] ?? '';
  return Buffer.from(lines.join('\n'));
}

function changed(text: string, random: Random): string | undefined {
  // Cheaper than the error of JSON.parse, for the many texts that are none.
  if (!/^\s*[[{]/.test(text) || text.length > 100_000) return undefined;
  try {
    const holder = [JSON.parse(text) as unknown];
    const places: Place[] = [];
    collect(holder, places, 0);
    alter(random.pick(places), random);
    return JSON.stringify(holder[0]) ?? '';
  } catch {
    return undefined;
  }
}

interface Place {
  readonly holder: Record<string, unknown> | unknown[];
  readonly key: string;
}

/** A level that another mutation nested is no place of interest, and would need too deep a stack. */
const MAX_DEPTH = 30;

function collect(holder: Place['holder'], places: Place[], depth: number): void {
  if (depth > MAX_DEPTH) return;
  for (const [key, value] of Object.entries(holder)) {
    places.push({ holder, key });
    if (typeof value === 'object' && value !== null) collect(value as Place['holder'], places, depth + 1);
  }
}

function alter({ holder, key }: Place, random: Random): void {
  const values = holder as Record<string, unknown>;
  switch (random.below(5)) {
    case 0:
      if (!Array.isArray(holder)) delete values[key];
      else holder.splice(Number(key), 1);
      break;
    case 1:
      values[piece(random).toString('utf8')] = values[key];
      break;
    case 2:
      values[key] = [values[key], values[key]];
      break;
    default:
      values[key] = random.pick(VALUES);
  }
}
