import { parseJson } from './json.ts';

/**
 * The objects of a file with one to the line, oldest first. A line that is none (torn when the disk was full, or empty)
 * is left out, not fatal. What cannot be an object is not given to JSON.parse: to throw for each of many thousand
 * lines takes seconds.
 */
export const objectsIn = (text: string): readonly Readonly<Record<string, unknown>>[] =>
  text.split('\n').flatMap((line) => {
    if (!line.startsWith('{') || !line.trimEnd().endsWith('}')) return [];
    try {
      return [parseJson(line) as Readonly<Record<string, unknown>>];
    } catch {
      return [];
    }
  });
