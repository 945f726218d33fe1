/** A stand-in for the client of a database: what is held is a port of this machine, which is free again with its process. */
'use strict';
const { writeFileSync } = require('node:fs');
const { createServer } = require('node:net');
const { createInterface } = require('node:readline');

const lock = createServer();
const say = (line) => process.stdout.write(`${line}\n`);

createInterface({ input: process.stdin })
  .on('line', (line) => {
    if (line === 'verify') say(lock.listening ? 'still' : 'no');
    else if (line === 'release') lock.close(() => say('released'));
    else {
      lock.listen(0, '127.0.0.1', () => {
        writeFileSync('C:\\held-by.txt', String(lock.address().port));
        say('held');
      });
    }
  })
  .on('close', () => process.exit(0));
