/**
 * A stand-in for diskshadow.exe: Node under its name, which takes `/s` for the path of this file. It does what its scripts
 * say to a list of ids, and knows nothing of VSS. What it is to do is in C:\fate.txt; what it did, in C:\events.txt.
 */
'use strict';
const { randomUUID } = require('node:crypto');
const { appendFileSync, existsSync, readFileSync, writeFileSync } = require('node:fs');

const SETS = 'C:\\sets.json';
const SLOW_MS = 6000;
const [, , script, , log] = process.argv;
const commands = readFileSync(script, 'latin1')
  .split('\r\n')
  .filter((line) => line !== '');
const fate = existsSync('C:\\fate.txt') ? readFileSync('C:\\fate.txt', 'utf8') : '';
const sets = existsSync(SETS) ? JSON.parse(readFileSync(SETS, 'utf8')) : [];
const aliases = commands.flatMap((line) => / ALIAS (\w+)$/.exec(line)?.[1] ?? []);

/** As diskshadow does: on its output and into its log. */
function say(...lines) {
  const text = `${lines.join('\r\n')}\r\n`;
  appendFileSync(log, text);
  process.stdout.write(text);
}

function note(event) {
  appendFileSync('C:\\events.txt', `${event}\n`);
}

function create() {
  const set = `{${randomUUID()}}`;
  writeFileSync(SETS, JSON.stringify([...sets, set]));
  note('made');
  say(
    ...aliases.map((alias) => `Alias ${alias} for shadow ID {${randomUUID()}} set as environment variable.`),
    `Alias VSS_SHADOW_SET for shadow set ID ${set} set as environment variable.`,
  );
}

function remove(set) {
  note('deleted');
  if (!sets.includes(set)) process.exitCode = 3;
  writeFileSync(SETS, JSON.stringify(sets.filter((each) => each !== set)));
}

say(...commands.map((line) => `-> ${line}`));
writeFileSync('C:\\last-script.txt', commands.join('\n'));
const [, deleted] = /^DELETE SHADOWS SET (.*)$/.exec(commands[0]) ?? [];
if (deleted !== undefined) remove(deleted);
else if (fate === 'fails') {
  say('The last operation failed.', '- Returned HRESULT: 80042316');
  process.exitCode = 4;
} else if (fate === 'slow') setTimeout(create, SLOW_MS);
else {
  if (fate !== 'kills its caller') create();
  // Windows ends this one with it.
  if (fate.endsWith('kills its caller')) process.kill(process.ppid, 'SIGKILL');
}
