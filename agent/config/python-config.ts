export interface PythonEntry {
  readonly value: string;
  readonly line: number;
}

/** What one section says, by lower-case name. */
export type PythonConfig = ReadonlyMap<string, PythonEntry>;

/**
 * One section of a file that Python's ConfigParser reads for Microsoft's extension: `key: value` or `key = value`, names
 * in any case, `#` and `;` begin comments, indented lines go on with the value before. Throws what `fault` makes of it.
 */
export function readPythonConfig(
  text: string,
  wanted: string,
  fault: (what: string, at: { readonly line: number; readonly key?: string }) => Error,
): PythonConfig {
  const entries = new Map<string, PythonEntry>();
  let section: string | undefined;
  let last: string | undefined;
  for (const [index, raw] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const line = index + 1;
    const content = raw.trim();
    if (content === '' || /^[#;]/.test(content)) continue;
    // A path that holds one is no path: what opens it throws.
    if (content.includes('\0')) throw fault('this line holds a NUL byte, so the file is no text', { line });
    const header = /^\[(.+)\]$/.exec(content);
    if (header !== null) {
      section = header[1];
      last = undefined;
      continue;
    }
    if (section === undefined) throw fault(`a [${wanted}] line must stand before this one`, { line });
    const present = last === undefined ? undefined : entries.get(last);
    if (/^\s/.test(raw) && last !== undefined) {
      if (present !== undefined) entries.set(last, { ...present, value: `${present.value}\n${content}` });
      continue;
    }
    const at = content.search(/[:=]/);
    if (at < 1) throw fault('this is neither a section nor "key: value"', { line });
    const name = content.slice(0, at).trimEnd();
    const value = content.slice(at + 1).trimStart();
    last = name.toLowerCase();
    if (section !== wanted) continue;
    if (entries.has(last)) throw fault(`${name} is given twice`, { line, key: name });
    entries.set(last, { value, line });
  }
  return entries;
}
