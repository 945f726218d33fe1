import { mutated } from './mutate.ts';
import { randomFrom } from './random.ts';
import type { FuzzTarget } from './target.ts';

/** The input of that number: it follows from the seed, the target and the number alone, so each can be had again. */
export function inputOf(target: FuzzTarget, seed: string, number: number): Buffer {
  return mutated(samplesOf(target), randomFrom(`${seed} ${target.name} ${number}`));
}

const known = new WeakMap<FuzzTarget, readonly Buffer[]>();

/** As bytes, once for all inputs. */
function samplesOf(target: FuzzTarget): readonly Buffer[] {
  const samples = known.get(target) ?? target.samples.map((sample) => Buffer.from(sample as string));
  known.set(target, samples);
  return samples;
}
