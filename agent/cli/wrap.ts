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
  wrap(text, roomBeside(indent, width)).map((line) => `${' '.repeat(indent)}${line}`);

/** As `wrap`, but no line is ever longer: a path or URL that does not fit goes on in the next line. */
export const fold = (text: string, width: number): readonly string[] =>
  wrap(
    text
      .split(/\s+/)
      .flatMap((word) => piecesOf(visible(word), width))
      .join(' '),
    width,
  );

/** A paragraph under its bullet. */
export const bullet = (text: string, width: number): readonly string[] => hang('  · ', text, width);

/** A paragraph beside what stands at the left of its first line. */
export const hang = (left: string, text: string, width: number): readonly string[] =>
  fold(text, roomBeside(left.length, width)).map(
    (line, index) => `${index === 0 ? left : ' '.repeat(left.length)}${line}`,
  );

/** What a terminal would act upon is shown as an escape: names of folders, and what scripts say, are not ours. */
export const visible = (text: string): string =>
  text.replace(
    /[\p{Cc}\u2028-\u202e\u2066-\u2069]/gu,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

/** Takes out the middle of what is too long for a column: the ends of a path tell the most. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const [start, end] = [Math.ceil((width - 1) / 2), Math.floor((width - 1) / 2)];
  return `${text.slice(0, start)}…${text.slice(text.length - end)}`;
}

/** `a, b, c and 7 others`: one more than `most` is not worth hiding. */
export const listed = (names: readonly string[], most: number): string =>
  names.length <= most + 1 ? names.join(', ') : `${names.slice(0, most).join(', ')} and ${names.length - most} others`;

const LEAST_ROOM = 20;
const roomBeside = (indent: number, width: number): number => Math.max(LEAST_ROOM, width - indent);

/** Cut after a slash where there is one that does not leave the line half empty. */
function piecesOf(word: string, width: number): readonly string[] {
  const pieces: string[] = [];
  let rest = word;
  while (rest.length > width) {
    const slash = rest.lastIndexOf('/', width - 1) + 1;
    const end = slash > width / 2 ? slash : width;
    // Not between the halves of a character beyond the first 65536.
    const cut = /[\ud800-\udbff]/.test(rest.charAt(end - 1)) ? end - 1 : end;
    pieces.push(rest.slice(0, cut));
    rest = rest.slice(cut);
  }
  return [...pieces, rest];
}
