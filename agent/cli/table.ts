import { GROUPS } from '../checks/check.ts';
import { CHANGING_COMMANDS } from './changing-commands.ts';
import type { CommandSpec, FlagSpec } from './flags.ts';
import { DONE, INTERNAL_COMMANDS } from './internal-commands.ts';

/** What `check --format` prints. */
export const FORMATS = ['text', 'json', 'nagios', 'prometheus'] as const;
export type Format = (typeof FORMATS)[number];

const MOUNT: FlagSpec = {
  name: 'mount',
  value: 'PATH',
  many: true,
  about: 'Only this file system, by its mount point; may be given again',
};
const FOR: FlagSpec = {
  name: 'for',
  value: 'TIME',
  about: 'Let go after this time at the latest: 500ms, 5s (default, and most: as [snapshot] says)',
};
const WAIT: FlagSpec = {
  name: 'wait',
  value: 'TIME',
  about: 'While another run is under way, wait for its end, so long at most (default: refuse)',
};
/** As monitoring plug-ins have them. A wrong command line is 2, as everywhere. */
const VERDICT_CODES = {
  0: 'nothing to do',
  1: 'something warned',
  2: 'something failed, or wrong usage',
  3: 'a check itself broke',
} as const;
const TAKEN = {
  0: 'a snapshot was taken, and everything let go',
  1: 'none was taken, or something is still held',
  2: 'wrong usage',
};

/** Every command: the one list that parsing, help, completions and the man page come from. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: 'check',
    about: 'Say whether a backup of this machine would work, and what to do if not',
    details:
      'Changes nothing. As root, the result of all checks together is left in the status file, for --health and monitoring, and told as [report] and [notify] say. ID is as --list prints it; * and ? stand for any characters.',
    flags: [
      { name: 'list', about: 'List the checks and run none' },
      { name: 'only', value: 'ID[,ID]', many: true, about: 'Run these alone; may be given again' },
      { name: 'skip', value: 'ID[,ID]', many: true, about: 'Leave these out; may be given again' },
      {
        name: 'group',
        value: 'NAME[,NAME]',
        of: Object.keys(GROUPS),
        many: true,
        about: `Run this group alone: ${Object.keys(GROUPS).join(', ')}`,
      },
      {
        name: 'root',
        value: 'FOLDER',
        about: 'The system on the disk mounted there, which need not start: nothing of it is run',
      },
      { name: 'format', value: 'NAME', of: FORMATS, about: `How to print it: ${FORMATS.join(', ')} (default: text)` },
      { name: 'verbose', about: 'Name every check that passed' },
    ],
    exitCodes: VERDICT_CODES,
  },
  {
    name: 'health',
    about: 'Say in one line how the last check ended: quiesced --health',
    details: 'Reads the status file that quiesced check leaves as root, and runs nothing; anybody may ask.',
    flags: [],
    exitCodes: { ...VERDICT_CODES, 3: 'nothing is known, or a check broke, or the last is older than two intervals' },
    hidden: true,
  },
  {
    name: 'explain',
    about: 'Say what an error of Azure Backup means, and look for its cause here',
    details:
      'CODE is a name or a number, in any case: UserErrorFsFreezeFailed, 121. Without one all known codes are listed.',
    flags: [],
    words: '[CODE]',
    exitCodes: { 0: 'explained, whatever was found', 1: 'failed', 2: 'wrong usage, or a code that is not known' },
  },
  {
    name: 'rehearse',
    needsRoot: true,
    about: 'Do everything that a snapshot does, but take none',
    details:
      'On the real machine the plan is shown and has to be confirmed. With --sandbox it runs on file systems made for\nthe purpose, takes a copy of them, and verifies the copy; nothing of the machine is touched.',
    flags: [
      { name: 'sandbox', about: 'On loop-mounted file systems, with a program that writes all the time' },
      { name: 'yes', about: 'Do not ask for confirmation' },
      MOUNT,
      WAIT,
    ],
    exitCodes: { 0: 'all went as it should', 1: 'something did not', 2: 'wrong usage' },
  },
  {
    name: 'snapshot',
    needsRoot: true,
    about: 'Bring the machine to rest, have the snapshot taken, and let go',
    details:
      'COMMAND is started before the freeze. It gets {"event":"frozen"} as a line on its input, answers\n{"ok":true,"snapshot":"ID"} on its output, then gets {"event":"thawed","outcome":...}; the end of its input means\nthat the snapshot is given up. It must not write to the file systems that are frozen, nor take a device-mapper\n(LVM) snapshot of them: that freezes them itself. Without COMMAND, [snapshot] taker says how: by\ntaker-command, or on Windows Server by shadow copies (vss), of which --mount then names the volumes.',
    flags: [MOUNT, WAIT],
    words: '[-- COMMAND [ARGUMENT ...]]',
    exitCodes: TAKEN,
  },
  {
    name: 'hold',
    needsRoot: true,
    about: 'Bring the machine to rest for a snapshot that somebody else takes',
    details:
      'Returns as soon as everything is held. It is let go by: quiesced release, or when the time is up.\nInto a file nothing is printed, since it may lie on what is frozen: the exit code says it.',
    flags: [
      { name: 'no-freeze', about: 'Scripts and applications only: somebody else freezes the file systems' },
      FOR,
      MOUNT,
      WAIT,
    ],
    exitCodes: { 0: 'held', 1: 'nothing is held', 2: 'wrong usage', 3: 'held, but less than was asked for' },
  },
  {
    name: 'release',
    needsRoot: true,
    about: 'Let go what hold has brought to rest, and say what it was worth',
    flags: [],
    exitCodes: { 0: 'it was held until now', 1: 'it was not held throughout', 2: 'wrong usage' },
  },
  {
    name: 'freeze',
    needsRoot: true,
    about: 'Freeze file systems, and nothing else',
    details: 'Returns as soon as they are frozen. They are thawed by: quiesced thaw, or when the time is up.',
    flags: [FOR, MOUNT, WAIT],
    exitCodes: { 0: 'frozen', 1: 'not frozen', 2: 'wrong usage' },
  },
  {
    name: 'thaw',
    needsRoot: true,
    about: 'Thaw what quiesced froze, also after a crash, and run what is owed',
    flags: [{ name: 'by-records', about: 'Ask no process that may hold it: go by what is on record' }],
    exitCodes: {
      0: 'nothing of ours is frozen or owed, and what was frozen was so until now',
      1: 'something still is, or was not frozen throughout',
      2: 'wrong usage',
    },
  },
  {
    name: 'status',
    needsRoot: true,
    about: 'Say what is held, what is owed, and how the last run ended',
    flags: [],
    exitCodes: DONE,
  },
  {
    name: 'quiescers',
    needsRoot: true,
    about: 'Say which databases run here, what would hold them, and what is missing',
    details: 'Connects to those that are configured, looks, and leaves; holds nothing. To try it: quiesced rehearse.',
    flags: [],
    exitCodes: { 0: 'what is configured could be held', 1: 'something could not', 2: 'wrong usage' },
  },
  {
    name: 'history',
    needsRoot: true,
    about: 'List the last runs',
    flags: [{ name: 'last', value: 'N', about: 'Only so many (default: 20)' }],
    exitCodes: DONE,
  },
  {
    name: 'report',
    about: 'Make one page of readiness, what a snapshot would be worth, and the last runs',
    details:
      'Runs all checks anew; changes nothing and tells nobody. The runs are from the history, which only root may read.\nThe page needs no other file and no network, and prints.',
    flags: [
      { name: 'html', about: 'One self-contained HTML page instead of text' },
      {
        name: 'out',
        value: 'FILE',
        about: 'Into this file, which is replaced as a whole; a new one is for its owner alone',
      },
    ],
    exitCodes: { 0: 'made, whatever it says', 1: 'failed', 2: 'wrong usage' },
  },
  {
    name: 'config',
    about: 'Show every setting and where its value came from',
    flags: [],
    exitCodes: { 0: 'the configuration is right', 1: 'it is not', 2: 'wrong usage' },
  },
  {
    name: 'daemon',
    needsRoot: true,
    about: 'Stay, answer the commands above, and check at intervals; what the service runs',
    details:
      'Serves the control API on /run/quiesced/control/quiesced.sock (Windows: the pipe quiesced), for root only, and does what [schedule] says. With\na socket passed by systemd it leaves after a minute in which nobody asked for anything.\nThe configuration is read anew for each run; [schedule] and [log] when it starts.',
    flags: [{ name: 'service', about: 'Windows: started by the service control manager, and by nobody else' }],
    exitCodes: { 0: 'ended by a signal, or not needed any more', 1: 'could not start', 2: 'wrong usage' },
  },
  {
    name: 'support-bundle',
    needsRoot: true,
    platforms: ['linux'],
    about: 'Pack configuration, report, history, logs and facts, without secrets',
    details:
      'For root alone to read; an existing file is not replaced. manifest.json in it says what is there, and what could not be had. Refuses while a file system is frozen, since it writes to one.',
    flags: [{ name: 'output', value: 'FILE', about: 'Where to: NAME.tar.gz (default: in the current folder)' }],
    exitCodes: DONE,
  },
  ...CHANGING_COMMANDS,
  ...INTERNAL_COMMANDS,
];
