import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Certificates } from './certificates.ts';

/** With packages of its own: `setup.sh` installs them. */
const PACKAGE = join(import.meta.dirname, 'azurite-package');
const START_MS = 90_000;
export const ACCOUNT = 'testaccount';
/** Of this run alone. */
export const KEY = randomBytes(64).toString('base64');

/** A private instance of Microsoft's emulator of blob storage. */
export interface Azurite {
  /** `https://127.0.0.1:PORT` */
  readonly origin: string;
  close(): Promise<void>;
}

/** Blobs alone, over HTTPS, all in memory; the port is the kernel's choice. */
export async function startAzurite(certificates: Certificates): Promise<Azurite> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-azurite-'));
  const main = createRequire(join(PACKAGE, 'package.json')).resolve('azurite/dist/src/blob/main.js');
  const child = spawn(
    process.execPath,
    [
      main,
      ...['--blobHost', '127.0.0.1', '--blobPort', '0'],
      ...['--cert', join(certificates.folder, 'cert.pem'), '--key', join(certificates.folder, 'key.pem')],
      ...['--inMemoryPersistence', '--disableTelemetry', '--silent'],
    ],
    { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder, env: { HOME: folder, AZURITE_ACCOUNTS: `${ACCOUNT}:${KEY}` } },
  );
  const ended = once(child, 'exit');
  const close = async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    return { origin: await originOf(child), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function originOf(child: ReturnType<typeof spawn>): Promise<string> {
  const said: string[] = [];
  const found = Promise.withResolvers<string>();
  const timer = setTimeout(() => found.reject(new Error(`Azurite does not start: ${said.join('\n')}`)), START_MS);
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    createInterface({ input: output }).on('line', (line) => {
      said.push(line);
      const [origin] = /https:\/\/127\.0\.0\.1:\d+/.exec(line) ?? [];
      if (origin !== undefined && /listen/i.test(line)) found.resolve(origin);
    });
  }
  child.once('exit', (code) => found.reject(new Error(`Azurite ended with ${code}: ${said.join('\n')}`)));
  try {
    return await found.promise;
  } finally {
    clearTimeout(timer);
  }
}
