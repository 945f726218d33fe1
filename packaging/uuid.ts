import { createHash } from 'node:crypto';

/** A UUID (RFC 9562, version 8) of a text, where others take a random one: the same sources make the same bytes. */
export function uuidOf(text: string): string {
  const hash = createHash('sha256').update(text).digest('hex');
  const parts = [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `8${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ];
  return parts.join('-');
}
