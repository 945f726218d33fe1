/**
 * Whether the whole text is of the pattern, in which `*` stands for any characters, also a slash, and `?` for one. By
 * hand: a regular expression of many `.*` takes longer than anybody waits, and one that is too large is refused.
 */
export function matchesGlob(pattern: string, text: string): boolean {
  let [at, seen] = [0, 0];
  /** Where to go on when what follows the last `*` does not fit: that `*` then takes one character more. */
  let [star, taken] = [-1, 0];
  while (seen < text.length) {
    if (pattern[at] === '*') {
      star = at;
      taken = seen;
      at += 1;
    } else if (pattern[at] === '?' || pattern[at] === text[seen]) {
      at += 1;
      seen += 1;
    } else if (star >= 0) {
      taken += 1;
      at = star + 1;
      seen = taken;
    } else {
      return false;
    }
  }
  while (pattern[at] === '*') at += 1;
  return at === pattern.length;
}
