/** A stand-in for vssadmin.exe: Node under its name, which takes `list` for the path of this file. One writer, as told. */
'use strict';
const { appendFileSync, existsSync, readFileSync } = require('node:fs');

appendFileSync('C:\\events.txt', 'writers\n');
const made = readFileSync('C:\\events.txt', 'utf8').split('pre').at(-1).includes('made');
const fate = existsSync('C:\\fate.txt') ? readFileSync('C:\\fate.txt', 'utf8') : '';
const state = made && fate === 'a writer fails' ? 9 : 1;
process.stdout.write(
  [
    '',
    "Writer name: 'SqlServerWriter'",
    '   Writer Id: {a65faa63-5ea8-4ebc-9dbd-a0c4db26912a}',
    '   Writer Instance Id: {088e7a7d-09a8-4cc6-a609-ad90e75ddc93}',
    `   State: [${state}]`,
    '',
  ].join('\r\n'),
);
