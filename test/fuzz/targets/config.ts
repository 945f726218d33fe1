/** What the owner of the machine wrote for us: the configuration and the command line. */
import { allChecks } from '../../../agent/checks/all.ts';
import { chosenChecks } from '../../../agent/cli/choose-checks.ts';
import { parseCommandLine } from '../../../agent/cli/flags.ts';
import { COMMANDS } from '../../../agent/cli/table.ts';
import { readIni, writeIniValue } from '../../../agent/config/ini.ts';
import { loadConfig } from '../../../agent/config/load.ts';
import { nearest } from '../../../agent/config/nearest.ts';
import { type KeySpec, keysOf, quiescerName } from '../../../agent/config/schema.ts';
import { durationMs, readValue, writeValue } from '../../../agent/config/values.ts';
import { classOf } from '../../../agent/freezer/classes.ts';
import { fileSystemsOf, parseMountinfo } from '../../../agent/freezer/mounts.ts';
import { select } from '../../../agent/freezer/selection.ts';
import { memorySystem } from '../memory-system.ts';
import { type FuzzTarget, mustHold, textTarget } from '../target.ts';
import { MOUNTINFO } from './samples.ts';

const CONF = `# quiesced
[snapshot]
frozen-deadline = 10s
quiesce-deadline = 3m
on-failure = abort
taker = command
taker-command = /usr/bin/az, snapshot, "create"

[freeze]
exclude = /mnt/*, type:vfat, device:/dev/sdb1
expedite = no

[scripts]
pre = "/opt/my script/pre", '--all'
post = /opt/post
timeout = 90s
retries = 2

[schedule]
readiness = 6h
rehearsal = 0 3 * * 0

[notify]
url = "https://user:secret@hooks.example/x?sig=abc#1"
[log]
level = debug
`;

/** `describe` of what was read must be read again as the same, and every fault must say where it is. */
async function configFile(text: string): Promise<void> {
  for (const { value, section } of readIni('quiesced.conf', text).entries) {
    const again = readIni('again.conf', `[s]\nkey = ${writeIniValue(value)}\n`);
    mustHold(again.entries[0]?.value === value, 'a value that is written is read as it was');
    keysOf(section);
    quiescerName(section);
  }
  await loadConfig(memorySystem({ files: new Map([['/etc/quiesced/quiesced.conf', text]]) }));
}

const SPECS: readonly KeySpec[] = [
  ...['snapshot', 'freeze', 'scripts', 'schedule', 'proxy', 'notify', 'log', 'report'].flatMap((section) =>
    Object.values(keysOf(section) ?? {}),
  ),
];

/** Whatever is taken must be written in a form that is taken again, for every key there is. */
async function configValue(text: string): Promise<void> {
  durationMs(text);
  for (const spec of SPECS) {
    const read = await readValue(spec, text, 'linux');
    if (!('value' in read)) continue;
    const written = writeValue(spec, read.value);
    if (written === undefined) continue;
    const again = await readValue(spec, written, 'linux');
    mustHold('value' in again && String(again.value) === String(read.value), `${written} is read as it was written`);
  }
}

const LINES = ['snapshot --mount /data --json -- /usr/bin/az x', 'check --only fs.*,os.load --skip net.?', 'thaw'];

/** Words are cut at blanks. Nobody has more, and Node's own parser takes the square of their number. */
function commandLine(text: string): void {
  const argv = text.split(' ').slice(0, 2000);
  const given = parseCommandLine(argv, COMMANDS);
  if (given.command?.name === 'check') chosenChecks(given.values, 'linux', allChecks);
}

/** Patterns of `[freeze] exclude` and names of `--mount`, over a real table of mounts. */
function selection(text: string): void {
  const classified = fileSystemsOf(parseMountinfo(MOUNTINFO)).map((fileSystem) => ({
    fileSystem,
    ...classOf(fileSystem, false),
  }));
  const { freeze, left } = select(classified, { exclude: text.split(',').map((one) => one.trim()), container: false });
  mustHold(freeze.length + left.length === classified.length, 'every file system is either frozen or left');
  select(classified, { only: text.split(','), exclude: [], container: false });
}

export const configTargets: readonly FuzzTarget[] = [
  textTarget(
    'config-file',
    [
      ...['readIni', 'writeIniValue'].map((name) => `config/ini.ts ${name}`),
      ...['keysOf', 'quiescerName'].map((name) => `config/schema.ts ${name}`),
    ],
    [CONF, '[quiescer pg.main]\nenabled = yes\n'],
    configFile,
  ),
  textTarget(
    'config-value',
    ['config/values.ts readValue', 'config/values.ts durationMs'],
    [
      ...['10s', '500ms', '2m', 'off', 'yes', 'abort', '3', '/opt/pre, --all', '/mnt/*, type:xfs, device:/dev/sdb1'],
      ...['0 3 * * 0', '*/15 1-5,22 * jan-mar mon', '@daily', 'https://user:pw@[::1]:3128/x', '10.0.0.0/8, *.local'],
    ],
    configValue,
  ),
  textTarget('command-line', ['cli/flags.ts parseCommandLine'], LINES, commandLine),
  textTarget('check-patterns', [], ['fs.*,os.load', '*.*', 'net.?*,*'], (text) => {
    chosenChecks(new Map([['only', [text]]]), 'linux', allChecks);
  }),
  textTarget('nearest', ['config/nearest.ts nearest'], ['frozen-deadline', 'level'], (text) => {
    nearest(text, ['frozen-deadline', 'quiesce-deadline', 'level']);
  }),
  textTarget(
    'selection',
    ['config/glob.ts matchesGlob'],
    ['/mnt/*, type:vfat, device:/dev/sdb1', '/,/data', '*a*b*c?'],
    selection,
  ),
];
