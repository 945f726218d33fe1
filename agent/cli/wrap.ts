/** Breaks text at blanks so that no line is longer than `width`, unless one word alone is. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/).filter((part) => part !== '')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return line === '' ? lines : [...lines, line];
}

/** The same with every line moved to the right; `width` counts the indent. */
export const wrapIndented = (text: string, indent: number, width: number): readonly string[] =>
  wrap(text, Math.max(20, width - indent)).map((line) => `${' '.repeat(indent)}${line}`);
