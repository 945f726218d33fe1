import { wrap } from '../../agent/cli/wrap.ts';
import { changeNotes } from '../notes.ts';
import { read, sourceDate, versionOf } from '../repository.ts';

/** CHANGELOG.md with this version before those of earlier releases: its day, and the notes in `changes/`. */
export function releaseNotes(): string {
  const day = new Date(sourceDate() * 1000).toISOString().slice(0, 10);
  const notes = changeNotes().map((note) => `- ${wrap(note.replace(/\s+/g, ' '), 118).join('\n  ')}`);
  const earlier = read('CHANGELOG.md').match(/^## [\s\S]*/m)?.[0] ?? '';
  return `# Changelog\n\n## ${versionOf()} (${day})\n\n${notes.join('\n')}\n${earlier === '' ? '' : `\n${earlier}`}`;
}
