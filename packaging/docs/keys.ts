import { type KeySpec, QUIESCER_KEYS, SCHEMA } from '../../agent/config/schema.ts';
import { expected } from '../../agent/config/values.ts';
import { plain } from './checks.ts';

/** The part of docs/configure.md that comes from the table of keys. */
export const keysPart = (): string =>
  [...Object.entries<Readonly<Record<string, KeySpec>>>(SCHEMA), ['quiescer NAME', QUIESCER_KEYS] as const]
    .flatMap(([name, keys]) => [
      `## [${name}]`,
      '',
      ...Object.entries(keys).flatMap(([key, spec]) => [`- \`${key}\`: ${plain(about(spec))}`]),
      '',
    ])
    .join('\n');

function about(spec: KeySpec): string {
  const such = 'example' in spec ? `, for example ${spec.example}` : '';
  return `${spec.about} (${expected(spec)}${such}; default: ${spec.default ?? 'none'})`;
}
