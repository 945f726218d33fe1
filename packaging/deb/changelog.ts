import { globSync } from 'node:fs';
import { basename } from 'node:path';
import { wrap } from '../../agent/cli/wrap.ts';
import { ROOT, read, sourceDate, versionOf } from '../repository.ts';
import { MAINTAINER } from './control.ts';

/** deb-changelog(5), from the change notes; this repository is where the package comes from, so there is one only. */
export function changelog(): string {
  const notes = globSync('changes/*.md', { cwd: ROOT })
    .filter((file) => basename(file) !== 'README.md')
    .sort()
    .map((file) => wrap(read(file), 74).join('\n    '));
  return [
    `quiesced (${versionOf()}) unstable; urgency=medium`,
    '',
    ...notes.map((note) => `  * ${note}`),
    '',
    ` -- ${MAINTAINER}  ${rfc5322(sourceDate())}`,
    '',
  ].join('\n');
}

const rfc5322 = (seconds: number): string => new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
