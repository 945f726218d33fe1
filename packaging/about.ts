/** What every form of package says of itself. */
export const MAINTAINER = 'The quiesced authors <maintainers@quiesced.example>';

export const SUMMARY = 'gets a virtual machine ready to be backed up';

/** Paragraphs, in lines that fit. */
export const DESCRIPTION: readonly (readonly string[])[] = [
  [
    'A virtual machine is backed up by taking a snapshot of its disks from outside.',
    'quiesced says whether that would work and what to do if not, brings',
    'applications and file systems to rest while the snapshot is taken, and lets',
    'them go again, whatever fails: a second process holds the deadline and the way',
    'back.',
  ],
  ['It brings its own runtime and needs nothing else of the machine.'],
];
