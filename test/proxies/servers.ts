/** Real proxies, each a private instance on loopback with a folder of its own, ended with its test. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createConnection, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';

export const SQUID = '/usr/sbin/squid';
export const TINYPROXY = '/usr/bin/tinyproxy';
const HELPERS = '/usr/lib/squid';
const START_MS = 90_000;

/** The name that the proxies have for this machine; `localhost` is never looked for behind one. */
export const STORAGE = 'storage.test';

/** A folder that squid's own user may write to; gone with the test. */
export function folderFor(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-proxies-'));
  chmodSync(folder, 0o777);
  t.teardown(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface SquidWishes {
  /** Besides `http_port`, which is made of it. */
  readonly lines: readonly string[];
  readonly portOptions?: string;
}

/** `http://127.0.0.1:PORT` of a squid with this configuration. */
export async function squid(t: Test, folder: string, { lines, portOptions = '' }: SquidWishes): Promise<string> {
  const port = await freePort();
  const conf = join(folder, `squid-${port}.conf`);
  const log = join(folder, `squid-${port}.log`);
  const own = [
    `http_port 127.0.0.1:${port} ${portOptions}`,
    'visible_hostname localhost',
    'pid_filename none',
    `cache_log ${log}`,
    'access_log none',
    'cache deny all',
    `coredump_dir ${folder}`,
    'pinger_enable off',
    'shutdown_lifetime 0 seconds',
  ];
  writeFileSync(conf, [...own, ...lines, ''].join('\n'));
  return running(t, folder, [SQUID, '-N', '-f', conf], port, () => readFileSync(log, 'utf8'));
}

export const ALLOW = 'http_access allow all';

/** Those lines that have squid ask for a user and password. */
export function withPassword(folder: string): readonly string[] {
  const file = join(folder, 'users');
  const hash = execFileSync('openssl', ['passwd', '-apr1', 'secret'], { encoding: 'utf8' }).trim();
  writeFileSync(file, `somebody:${hash}\n`, { mode: 0o644 });
  return [
    `auth_param basic program ${HELPERS}/basic_ncsa_auth ${file}`,
    'auth_param basic realm test',
    'acl known proxy_auth REQUIRED',
    'http_access allow known',
    'http_access deny all',
  ];
}

/** A squid that opens TLS with its own authority. @param trusted the one that the real endpoint has. */
export function opening(folder: string, authority: string, trusted: string): SquidWishes {
  const store = join(folder, 'generated');
  execFileSync(`${HELPERS}/security_file_certgen`, ['-c', '-s', store, '-M', '4MB'], { stdio: 'ignore' });
  execFileSync('chown', ['-R', 'proxy', store]);
  chmodSync(join(folder, `${authority}.key`), 0o644);
  const certificate = `tls-cert=${folder}/${authority}.pem tls-key=${folder}/${authority}.key`;
  return {
    portOptions: `ssl-bump ${certificate} generate-host-certificates=on`,
    lines: [
      `sslcrtd_program ${HELPERS}/security_file_certgen -s ${store} -M 4MB`,
      'acl begun at_step SslBump1',
      'ssl_bump peek begun',
      'ssl_bump bump all',
      `tls_outgoing_options cafile=${trusted}`,
      ALLOW,
    ],
  };
}

export async function tinyproxy(t: Test, folder: string, lines: readonly string[] = []): Promise<string> {
  const port = await freePort();
  const conf = join(folder, `tinyproxy-${port}.conf`);
  const log = join(folder, `tinyproxy-${port}.log`);
  const own = [`Port ${port}`, 'Listen 127.0.0.1', 'Timeout 20', `LogFile "${log}"`, 'Allow 127.0.0.1'];
  writeFileSync(conf, [...own, ...lines, ''].join('\n'));
  return running(t, folder, [TINYPROXY, '-d', '-c', conf], port, () => readFileSync(log, 'utf8'));
}

/** One whose queue is full: the kernel drops what comes in, as a black hole does. */
export async function blackHole(t: Test): Promise<string> {
  const code = `
import socket, sys, time
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
kept = []
for _ in range(8):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname()); kept.append(c)
time.sleep(0.3)
print(s.getsockname()[1], flush=True)
time.sleep(600)
`;
  const child = spawn('python3', ['-c', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  endWith(t, child);
  const port = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
  });
  return `http://127.0.0.1:${port}`;
}

/** They know a name that nobody else does: each is in a mount namespace with names of its own. */
const WITH_NAMES = 'mount --bind "$0" /etc/hosts && exec "$@"';

async function running(
  t: Test,
  folder: string,
  argv: readonly string[],
  port: number,
  log: () => string,
): Promise<string> {
  const names = join(folder, 'hosts');
  writeFileSync(names, `127.0.0.1 localhost ${STORAGE}\n`);
  const child = spawn('unshare', ['--mount', 'sh', '-c', WITH_NAMES, names, ...argv], { stdio: 'ignore', cwd: '/' });
  endWith(t, child);
  const until = performance.now() + START_MS;
  while (!(await listens(port))) {
    if (child.exitCode !== null || performance.now() > until) throw new Error(`${argv[0]} does not start: ${log()}`);
    await sleep(50);
  }
  return `http://127.0.0.1:${port}`;
}

/** By SIGKILL: nothing of theirs is worth keeping, and helpers end when their pipe closes. */
function endWith(t: Test, child: ChildProcess): void {
  t.teardown(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  });
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = createConnection({ port, host: '127.0.0.1' });
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });

/** Nobody listens there now; and below those that the kernel gives to whoever asks for any, nobody comes to by chance. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 30_000);
    const server = createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true));
    });
    if (!free) continue;
    await new Promise((resolve) => server.close(resolve));
    return port;
  }
}
