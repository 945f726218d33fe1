/** The known word that was probably meant; undefined when none is close. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const plain = normal(word);
  const abbreviated = plain.length >= 4 ? known.filter((candidate) => candidate.startsWith(plain)) : [];
  if (abbreviated.length === 1) return abbreviated[0];
  const close = known
    .map((candidate) => ({ candidate, steps: stepsBetween(plain, candidate) }))
    .filter(({ candidate, steps }) => steps <= Math.max(1, Math.floor(candidate.length / 4)));
  return close.sort((a, b) => a.steps - b.steps)[0]?.candidate;
}

const normal = (word: string): string => word.toLowerCase().replaceAll('_', '-');

/** Levenshtein's distance. Words of very different length are not worth the square of it. */
function stepsBetween(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 5) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
