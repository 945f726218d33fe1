/** Runs on Windows (Wine): what is told of this very process, and whether a database may be written to. Prints to a file. */
import { writeFileSync } from 'node:fs';
import { localSystem } from '../../agent/system/local.ts';
import { realPathOf } from '../../agent/system/real-path.ts';
import { mayWrite } from '../fixtures/may-write.ts';

const [answer = '', file = ''] = process.argv.slice(2);

const system = localSystem();
const programs = (await system.programs?.list()) ?? [];
writeFileSync(
  answer,
  JSON.stringify({
    self: programs.find(({ pid }) => pid === process.pid),
    real: await realPathOf(system, file.replaceAll('\\', '/')),
    mayWrite: mayWrite(file),
  }),
);
