import type { CommandSpec } from './flags.ts';
import { DONE } from './internal-commands.ts';

/** What changes the machine, as a plan that is shown first and can be undone. */
export const CHANGING_COMMANDS: readonly CommandSpec[] = [
  {
    name: 'service',
    needsRoot: true,
    about: 'Install the daemon as a service, on a machine without packages',
    verbs: {
      install: 'Write the units (Windows: make the service), enable and start them',
      uninstall: 'Stop and remove what install made',
      start: 'Windows: start the service, and wait until it runs',
      stop: 'Windows: stop it, and wait until it has let go of everything',
      status: 'Say what is installed and whether it runs',
    },
    flags: [
      { name: 'on-demand', about: 'Started by a request or a timer, gone after a minute: no process while idle' },
      { name: 'no-start', about: 'Windows: make the service, and leave it to others to start it' },
      { name: 'dry-run', about: 'Show what would be done' },
    ],
    exitCodes: DONE,
  },
  {
    name: 'integrate',
    needsRoot: true,
    platforms: ['linux'],
    about: 'Let another program that takes snapshots call quiesced, or not any more',
    details:
      'Changes what is missing and nothing else, so that it may be run again. A file that somebody has edited is named and left alone.',
    verbs: {
      'qemu-guest-agent': "A hook in qemu-guest-agent's fsfreeze-hook.d: applications held around its freeze",
      'azure-backup': "Pre and post script of Azure's backup extension; those registered before are run by quiesced",
    },
    flags: [
      { name: 'remove', about: 'Take it out again' },
      { name: 'dry-run', about: 'Show what would be done' },
    ],
    exitCodes: DONE,
  },
  {
    name: 'proxy',
    needsRoot: true,
    about: 'Set a proxy everywhere that matters on the way to Azure, and undo it',
    details:
      'The proxy comes from --url, from the environment, or from [proxy] of the configuration. It is written where logins\nand jobs look for it, into the configuration and the unit of the VM agent (so that extensions have it too), and into\nthe unit of this daemon. All of it is changed, or nothing. The VM agent is restarted where something of its was\nchanged, and never while a backup is under way.',
    verbs: {
      show: 'Say what is set where, who would use what, and what does not fit together',
      plan: 'Show what apply would change, as a diff',
      apply: 'Set it',
      clear: 'Take out what apply has written; what stood there before is back',
      undo: 'Go back to what stood before the last apply, byte for byte',
      test: 'Go the way of each program to all that a backup needs, and say what is in the way',
    },
    flags: [
      { name: 'url', value: 'URL', about: 'The proxy: http://HOST:PORT, without user or password' },
      {
        name: 'bypass',
        value: 'HOST[,HOST]',
        many: true,
        about:
          "Reached without it, besides Azure's host and this machine: hosts, domains, networks; may be given again",
      },
      { name: 'from-environment', about: 'The proxy of https_proxy or http_proxy, and no_proxy' },
      { name: 'from-current-user', about: 'On Windows: what the user has set who runs this' },
      { name: 'packages', about: 'Set it for apt, dnf, yum, tdnf and zypper too' },
      { name: 'dry-run', about: 'Show what would be done' },
      { name: 'no-restart', about: 'Restart nothing: it is used from the next start on' },
      { name: 'force', about: 'Undo also where a file was edited since; the edits are lost' },
      {
        name: 'endpoint',
        value: 'HOST[:PORT]',
        many: true,
        about: "Test the way to it, by HTTPS, instead of Azure's own names; may be given again",
      },
      {
        name: 'cloud',
        value: 'NAME',
        of: ['public', 'government', 'china'],
        about: 'Test the names of this cloud of Azure (default: as the host says)',
      },
    ],
    exitCodes: { 0: 'done', 1: 'failed; of test: something is not reached', 2: 'wrong usage' },
  },
  {
    name: 'repair',
    needsRoot: true,
    about: 'Mend what would keep a restored machine from coming up, and undo it',
    details:
      'ID is that of the repair; without any, those are listed that have something to do here, each with its risk. All\nfiles are changed, or none; then the programs are run that make boot images and menus of them. Afterwards the checks\nconcerned are run again. Refused while a backup is under way. `repair undo` goes back over the last one: every file as\nit was, and what follows from them; what was installed or started stays.',
    flags: [
      { name: 'all-safe', about: 'All that change nothing of the running machine and can be undone' },
      { name: 'dry-run', about: 'Show what would be done, as a diff' },
      { name: 'force', about: 'Undo also where a file was edited since; the edits are lost' },
    ],
    words: '[ID ...] | undo',
    exitCodes: {
      0: 'done, and the checks find nothing any more',
      1: 'failed, or a check still finds something',
      2: 'wrong usage',
    },
  },
];
