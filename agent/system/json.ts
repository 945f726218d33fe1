/** Deeper than anything that we or a person wrote. What walks or writes JSON takes a frame of the stack for each level. */
export const MAX_JSON_DEPTH = 500;

/**
 * As `JSON.parse`, which itself takes any depth: `JSON.stringify` of its result, and all that goes through it, does not.
 * Throws for what is nested deeper than `MAX_JSON_DEPTH`.
 */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (text.split(/[[{]/).length > MAX_JSON_DEPTH && isDeeper(value, MAX_JSON_DEPTH)) {
    throw new SyntaxError(`it is nested deeper than ${MAX_JSON_DEPTH} levels`);
  }
  return value;
}

const isDeeper = (value: unknown, levels: number): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1)));
