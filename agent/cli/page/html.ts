import { visible } from '../wrap.ts';

/**
 * Text that is HTML already. A class, because it must not be forged: the history is JSON, and no shape that a value of it
 * could have may pass for markup.
 */
export class Markup {
  readonly #text: string;
  constructor(text: string) {
    this.#text = text;
  }
  toString(): string {
    return this.#text;
  }
}

/** What may stand in a template. */
export type Content = string | number | undefined | Markup | readonly Content[];

/**
 * HTML from a template: whatever is put in is escaped, unless it came from here itself. So what a mount point, a script or
 * a program's message says stays text wherever it stands; attributes have to be quoted in the template.
 */
export const html = (parts: TemplateStringsArray, ...contents: readonly Content[]): Markup =>
  new Markup(parts.map((part, at) => part + (at < contents.length ? markupOf(contents[at]) : '')).join(''));

function markupOf(content: Content): string {
  if (content === undefined) return '';
  if (content instanceof Markup) return content.toString();
  if (Array.isArray(content)) return content.map(markupOf).join('');
  return escaped(String(content));
}

/** A blank for what ends a line; what would turn the text around, or steer something, is shown as what it is. */
const escaped = (text: string): string =>
  visible(text.replace(/[\t\r\n]+/g, ' ')).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
