import { wrap } from '../../agent/cli/wrap.ts';
import { MAINTAINER } from '../about.ts';
import { changeNotes } from '../notes.ts';
import { sourceDate, versionOf } from '../repository.ts';

/** deb-changelog(5), from the change notes; this repository is where the package comes from, so there is one only. */
export const changelog = (): string =>
  [
    `quiesced (${versionOf()}) unstable; urgency=medium`,
    '',
    ...changeNotes().map((note) => `  * ${wrap(note, 74).join('\n    ')}`),
    '',
    ` -- ${MAINTAINER}  ${rfc5322(sourceDate())}`,
    '',
  ].join('\n');

const rfc5322 = (seconds: number): string => new Date(seconds * 1000).toUTCString().replace('GMT', '+0000');
