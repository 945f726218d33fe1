/**
 * The other end of `relay-program.ts`, a process of its own because a test that waits for Wine looks at nothing else.
 * Arguments: the port, and by its name how each program is started here, as JSON. The way to the server is ours: what a
 * client of Windows is told of it is left out.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';

export interface RelayedProgram {
  readonly argv: readonly string[];
  /** Put behind all others. */
  readonly way: readonly string[];
}

const [port, table = '{}'] = process.argv.slice(2);
const programs = JSON.parse(table) as Readonly<Record<string, RelayedProgram>>;
const WAY = /^--(host|port|protocol|username|user)=/;

createServer({ allowHalfOpen: true }, (socket) => {
  let heard = Buffer.alloc(0);
  socket.on('error', () => undefined);
  socket.on('data', function first(chunk: Buffer) {
    heard = Buffer.concat([heard, chunk]);
    const end = heard.indexOf('\n');
    if (end < 0) return;
    socket.off('data', first);
    const { program, args, env } = JSON.parse(heard.toString('utf8', 0, end));
    const { argv, way } = programs[program] ?? { argv: ['false'], way: [] };
    const [file = '', ...words] = [...argv, ...args.filter((word: string) => !WAY.test(word)), ...way];
    const client = spawn(file, words, { env: { PATH: process.env.PATH, LANG: 'C.UTF-8', ...env }, stdio: 'pipe' });
    client.stdin.on('error', () => undefined);
    client.stdin.write(heard.subarray(end + 1));
    socket.pipe(client.stdin);
    for (const output of [client.stdout, client.stderr]) output.on('data', (bytes) => socket.write(bytes));
    client.once('close', () => socket.end());
  });
}).listen(Number(port), '127.0.0.1');
