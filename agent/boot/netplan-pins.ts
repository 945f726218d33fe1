/**
 * Netplan's `match: {macaddress: …}` becomes a match by the name that the adapter has anyway: that of `set-name`, or the
 * key of its block. One line is replaced by one, so that order and comments stay. Reads blocks by indentation, as netplan
 * and cloud-init write them; a pin in flow style is left alone.
 */
export function netplanUnpinned(lines: readonly string[]): readonly (string | undefined)[] {
  const path: { readonly indent: number; readonly key: string; readonly line: number }[] = [];
  const after: (string | undefined)[] = [...lines];
  lines.forEach((line, at) => {
    const [, blanks, key, value] = /^( *)(?:"([^"]+)"|([\w.:@/-]+)):/.exec(line) ?? [];
    const name = key ?? value;
    if (blanks === undefined || name === undefined) return;
    while ((path.at(-1)?.indent ?? -1) >= blanks.length) path.pop();
    const [network, kind, id, match] = path;
    const pinned = network?.key === 'network' && kind?.key === 'ethernets' && match?.key === 'match';
    if (pinned && path.length === 4 && name === 'macaddress' && id !== undefined) {
      const block = blockOf(lines, id.line, id.indent);
      const isNamed = block.some((each) => /^ *name:/.test(each));
      const own = setName(block) ?? id.key;
      after[at] = isNamed ? undefined : `${blanks}name: ${/^[\w.-]+$/.test(own) ? own : `"${own}"`}`;
    }
    path.push({ indent: blanks.length, key: name, line: at });
  });
  return after;
}

/** The lines below a key that are further in. */
function blockOf(lines: readonly string[], from: number, indent: number): readonly string[] {
  const rest = lines.slice(from + 1);
  const end = rest.findIndex((line) => line.trim() !== '' && line.search(/\S/) <= indent);
  return end < 0 ? rest : rest.slice(0, end);
}

const setName = (block: readonly string[]): string | undefined =>
  block.flatMap((line) => /^ *set-name: *["']?([\w.-]+)/.exec(line)?.[1] ?? [])[0];
