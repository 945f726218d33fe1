/**
 * Stands on Windows (Wine) for a client of a database that only Linux has here: hands on how it was called and what it is
 * told to `relay-server.ts`, and gives out what comes back. Ends with its input, or with the client there.
 */
import { connect } from 'node:net';

const [port, program, ...args] = process.argv.slice(2);
const env = Object.entries(process.env).filter(([name]) => /^(PG|MYSQL_)/.test(name));
const socket = connect(Number(port), '127.0.0.1', () => {
  socket.write(`${JSON.stringify({ program, args, env: Object.fromEntries(env) })}\n`);
  process.stdin.pipe(socket);
});
socket.on('data', (chunk) => process.stdout.write(chunk));
socket.on('error', () => undefined);
socket.on('close', () => process.exit(0));
