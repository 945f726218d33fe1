import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** An authority of the test's own, and a server's certificate by it; good for a day, for loopback only. */
export interface Certificates {
  /** PEM, to be trusted. */
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Where they lie as files: `ca.pem`, `cert.pem`, `key.pem`. */
  readonly folder: string;
  remove(): void;
}

/** @param names of the server, as OpenSSL writes them. */
export function makeCertificates(names = 'DNS:localhost,IP:127.0.0.1'): Certificates {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-ca-'));
  const openssl = (...args: readonly string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl('req', '-x509', ...newKey, '-days', '1', '-keyout', 'ca-key.pem', '-out', 'ca.pem', '-subj', '/CN=test CA');
  openssl('req', ...newKey, '-keyout', 'key.pem', '-out', 'server.csr', '-subj', '/CN=test server');
  writeFileSync(join(folder, 'names'), `subjectAltName=${names}\n`);
  const by = ['-CA', 'ca.pem', '-CAkey', 'ca-key.pem', '-CAcreateserial', '-extfile', 'names'];
  openssl('x509', '-req', '-days', '1', '-in', 'server.csr', '-out', 'cert.pem', ...by);
  const read = (name: string) => readFileSync(join(folder, name), 'utf8');
  return {
    ca: read('ca.pem'),
    cert: read('cert.pem'),
    key: read('key.pem'),
    folder,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
