/** Every adapter with a cable, on whatever hypervisor: `eth0` on Azure, `ens3` or `enp1s0` on others. */
export const ANY_ETHERNET = 'e*';

/**
 * Netplan's `match: {macaddress: …}` becomes a match of any adapter where only one is described: on Azure it has another
 * name than elsewhere. Of several each is matched by the name that it has now: that of `set-name`, or the key of its block.
 * One line is replaced by one, so that order and comments stay. Reads blocks by indentation, as netplan and cloud-init
 * write them; a pin in flow style is left alone.
 *
 * @param others the texts of the other files, which may describe more adapters.
 */
export function netplanUnpinned(
  lines: readonly string[],
  _fileName: string,
  others: readonly string[],
): readonly (string | undefined)[] {
  const described = [lines, ...others.map((text) => text.split('\n'))].flatMap((each) =>
    keysOf(each).filter(isAdapter),
  );
  const isOnly = new Set(described.map(({ key }) => key)).size === 1;
  const after: (string | undefined)[] = [...lines];
  for (const { indent, key, line, above } of keysOf(lines)) {
    const [, , adapter, match] = above;
    if (key !== 'macaddress' || above.length !== 4 || adapter === undefined) continue;
    if (!isAdapter(adapter) || match?.key !== 'match') continue;
    const block = blockOf(lines, adapter);
    const isNamed = block.some((each) => /^ *name:/.test(each));
    const name = isOnly ? ANY_ETHERNET : (setName(block) ?? adapter.key);
    after[line] = isNamed ? undefined : `${' '.repeat(indent)}name: ${/^[\w.-]+$/.test(name) ? name : `"${name}"`}`;
  }
  return after;
}

interface Key {
  readonly key: string;
  readonly indent: number;
  /** From 0. */
  readonly line: number;
  /** Outermost first. */
  readonly above: readonly Key[];
}

function keysOf(lines: readonly string[]): readonly Key[] {
  const keys: Key[] = [];
  let above: readonly Key[] = [];
  lines.forEach((text, line) => {
    const [, blanks, quoted, bare] = /^( *)(?:"([^"]+)"|([\w.:@/-]+)):/.exec(text) ?? [];
    const key = quoted ?? bare;
    if (blanks === undefined || key === undefined) return;
    above = above.filter(({ indent }) => indent < blanks.length);
    const found = { key, indent: blanks.length, line, above };
    keys.push(found);
    above = [...above, found];
  });
  return keys;
}

const isAdapter = ({ above }: Key): boolean =>
  above.length === 2 && above[0]?.key === 'network' && above[1]?.key === 'ethernets';

/** The lines below a key that are further in. */
function blockOf(lines: readonly string[], { line, indent }: Key): readonly string[] {
  const rest = lines.slice(line + 1);
  const end = rest.findIndex((text) => text.trim() !== '' && text.search(/\S/) <= indent);
  return end < 0 ? rest : rest.slice(0, end);
}

const setName = (block: readonly string[]): string | undefined =>
  block.flatMap((line) => /^ *set-name: *["']?([\w.-]+)/.exec(line)?.[1] ?? [])[0];
