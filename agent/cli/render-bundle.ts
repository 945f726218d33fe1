import type { Bundle } from '../support/bundle.ts';
import { bullet, hang, visible } from './wrap.ts';

/** Where it is, and what could not be had. What was looked for and is not there stands in the manifest. */
export function renderBundle({ path, sizeBytes, manifest }: Bundle, width: number): string {
  const { parts, leftOut } = manifest;
  const missing = leftOut.filter(({ absent }) => !absent);
  const lines = [
    // Whole, whatever its length: it is to be pasted.
    `Written: ${visible(path)}`,
    ...hang(
      '',
      `${parts.length} files, ${Math.ceil(sizeBytes / 1024)} KiB, for root's eyes only; secrets were taken out.`,
      width,
    ),
    ...(missing.length === 0 ? [] : ['', 'Could not be had:']),
    ...missing.flatMap(({ name, why }) => bullet(`${name}: ${why}`, width)),
    '',
    ...hang('', 'Look at it before you give it away: manifest.json in it says what is there, and what is not.', width),
  ];
  return `${lines.join('\n')}\n`;
}
