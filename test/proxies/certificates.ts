import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (cwd: string, ...args: readonly string[]) =>
  execFileSync('openssl', args, { cwd, stdio: ['ignore', 'ignore', 'pipe'], timeout: 30_000 });

const NEW_KEY = ['-newkey', 'rsa:2048', '-nodes'];

/** An authority of its own: `NAME.pem` and `NAME.key` in the folder. */
export function makeAuthority(folder: string, name: string, commonName: string): { pem: string; path: string } {
  const files = ['-keyout', `${name}.key`, '-out', `${name}.pem`];
  const extensions = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
  openssl(folder, 'req', '-x509', ...NEW_KEY, ...files, '-days', '30', '-subj', `/CN=${commonName}`, ...extensions);
  const path = join(folder, `${name}.pem`);
  return { pem: readFileSync(path, 'utf8'), path };
}

export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** For these names, by an authority that was made in the same folder. */
export function makeCertificate(
  folder: string,
  authority: string,
  name: string,
  hosts: readonly string[],
): Certificate {
  openssl(folder, 'req', ...NEW_KEY, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${hosts[0]}`);
  writeFileSync(join(folder, `${name}.ext`), `subjectAltName=${hosts.map((host) => `DNS:${host}`).join(',')}\n`);
  const by = ['-CA', `${authority}.pem`, '-CAkey', `${authority}.key`, '-CAcreateserial', '-extfile', `${name}.ext`];
  openssl(folder, 'x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-days', '30', ...by);
  const read = (file: string) => readFileSync(join(folder, file), 'utf8');
  return { cert: read(`${name}.pem`), key: read(`${name}.key`) };
}
