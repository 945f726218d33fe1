/** The few requests of man(7) that our pages need. Text is escaped here and nowhere else. */

/** `TH`: name, section, and the day in ISO form. */
export const title = (name: string, section: number, day: string, about: string): string =>
  `.TH ${name} ${section} ${day} quiesced "${escaped(about)}"`;

export const section = (name: string): string => `.SH ${escaped(name)}`;

export const subsection = (name: string): string => `.SS "${escaped(name)}"`;

/** Text is given as for a reader; where the line ends does not matter. */
export const paragraph = (text: string): string => `.PP\n${lines(text)}`;

/** A term, and what is said about it. */
export const entry = (term: string, text: string): string => `.TP\n${bold(term)}\n${lines(text)}`;

/** Shown as it is written. */
export const example = (text: string): string => `.PP\n.nf\n.RS\n${lines(text)}\n.RE\n.fi`;

export const bold = (text: string): string => `\\fB${escaped(text)}\\fR`;

export const page = (parts: readonly string[]): string => `${parts.join('\n')}\n`;

const lines = (text: string): string =>
  text
    .split('\n')
    // A dot or quote at the start of a line is a request.
    .map((line) => escaped(line).replace(/^(?=[.'])/, '\\&'))
    .join('\n');

/** A hyphen that somebody may want to paste is a minus sign; groff_char(7). */
const escaped = (text: string): string =>
  text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll('"', '\\(dq').replaceAll('…', '\\&...');
