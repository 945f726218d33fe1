import { posix } from 'node:path';
import { wrap } from '../../agent/cli/wrap.ts';
import { DESCRIPTION, MAINTAINER, SUMMARY } from '../about.ts';
import { filesOf, type Landed } from '../files.ts';
import { changeNotes } from '../notes.ts';
import { sourceDate, versionOf } from '../repository.ts';
import { scriptText } from '../script.ts';
import type { Compression } from '../target.ts';

/** How rpmbuild writes what is in it. Not zstd: rpm 4.14 of RHEL 8 is not always built with it. */
const PAYLOADS: Readonly<Record<Compression, string>> = { best: 'w6.xzdio', none: 'w.ufdio' };

/**
 * What rpmbuild makes the package from (rpm-software-management.github.io/rpm/manual/spec.html).
 *
 * @param staged the folder in which everything is laid out already.
 */
export const spec = (staged: string, compression: Compression, release: string): string =>
  [
    '# Files are taken as they are: nothing is stripped, compressed or linked anew by the distribution that builds it.',
    '%global __os_install_post %{nil}',
    '%global debug_package %{nil}',
    '%global _build_id_links none',
    '# The same sources make the same bytes.',
    '%global _buildhost reproducible',
    '%global source_date_epoch_from_changelog 0',
    '%global use_source_date_epoch_as_buildtime 1',
    '%global clamp_mtime_to_source_date_epoch 1',
    `%global _binary_payload ${PAYLOADS[compression]}`,
    '',
    'Name: quiesced',
    `Version: ${versionOf()}`,
    `Release: ${release}`,
    `Summary: ${SUMMARY.replace(/^./, (letter) => letter.toUpperCase())}`,
    'License: MIT',
    'Group: System Environment/Daemons',
    `Packager: ${MAINTAINER}`,
    '# What its program is linked with is found by rpmbuild; what koffi brings is for nobody else.',
    'AutoProv: no',
    'Requires(pre): coreutils, util-linux',
    'Requires(preun): coreutils, util-linux',
    'Requires(postun): coreutils',
    'Recommends: systemd',
    '',
    '%description',
    DESCRIPTION.map((paragraph) => paragraph.join('\n')).join('\n\n'),
    '',
    '%install',
    `cp -a '${staged}/.' '%{buildroot}/'`,
    '',
    ...['pre', 'post', 'preun', 'postun'].flatMap((name) => [
      `%${name}`,
      // A percent sign begins a macro.
      scriptText(`packaging/rpm/${name}`).replaceAll('%', '%%'),
    ]),
    '%files',
    '%defattr(-,root,root,-)',
    ...fileLines(filesOf('rpm')),
    '',
    '%changelog',
    `* ${day(sourceDate())} ${MAINTAINER} - ${versionOf()}-${release}`,
    ...changeNotes().map((note) => `- ${wrap(note, 76).join('\n  ').replaceAll('%', '%%')}`),
    '',
  ].join('\n');

/** Modes are those of the files laid out, which come from the list. */
function fileLines(files: readonly Landed[]): readonly string[] {
  const whole = files.filter(({ from }) => 'make' in from).map(({ path }) => path);
  // Of folders that nobody else would remove.
  const ours = files
    .map(({ path }) => posix.dirname(path))
    .filter((path) => /^\/(etc|usr\/share\/.*)\/quiesced$/.test(path));
  return [
    ...[...new Set(ours)].map((path) => `%dir ${path}`),
    // What is in a folder that is listed as a whole must not be listed twice.
    ...files
      .filter(({ path }) => !whole.some((folder) => path.startsWith(`${folder}/`)))
      .map(({ path, from, configuration }) => {
        if (configuration) return `%config(noreplace) ${path}`;
        if ('folder' in from) return `%dir ${path}`;
        return /\/licenses\//.test(path) ? `%license ${path}` : path;
      }),
  ];
}

/** `Sat Nov 21 2026`, in UTC. */
const day = (seconds: number): string => {
  const [, date, month, year] = new Date(seconds * 1000).toUTCString().split(' ');
  return `${new Date(seconds * 1000).toUTCString().slice(0, 3)} ${month} ${date} ${year}`;
};
