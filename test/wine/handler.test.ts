/** The VM extension on Wine, called as the agent of Windows calls it. What the agent itself does is not here. */
import { execFileSync } from 'node:child_process';
import { constants, createCipheriv, createDecipheriv, privateDecrypt } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import { WINDOWS_EXTENSION_FILES } from '../../packaging/files.ts';
import { stage } from '../../packaging/stage.ts';
import { WINDOWS } from '../../packaging/target.ts';
import { startMock } from '../azure/mock.ts';
import { packed, publicSettings } from '../unit/extensions/azure/jobs.ts';
import { WINE, wineMachine } from './machine.ts';

const skip = existsSync(WINE) ? false : 'Wine is not installed: see test/wine/setup.ts';

const JOB_MS = 240_000;
const FOLDER = 'Packages/Plugins/Quiesced.BackupWindows/0.1.0.0';
const windows = (path: string) => `C:\\${path.replaceAll('/', '\\')}`;

/** A certificate, and what is sealed for it. */
function seal(folder: string, plain: string) {
  mkdirSync(folder, { recursive: true });
  const openssl = (args: readonly string[], input?: string) =>
    execFileSync('openssl', args, { cwd: folder, input, stdio: ['pipe', 'pipe', 'ignore'] });
  openssl(['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=x', '-keyout', 'key', '-out', 'cert']);
  openssl(['pkcs12', '-export', '-legacy', '-inkey', 'key', '-in', 'cert', '-out', 'pfx', '-passout', 'pass:test']);
  const print = openssl(['x509', '-in', 'cert', '-noout', '-fingerprint', '-sha1']).toString();
  return {
    pfx: join(folder, 'pfx'),
    thumbprint: print.replace(/^.*=/, '').replace(/[:\s]/g, ''),
    sealed: forWine(
      openssl(['cms', '-encrypt', '-binary', '-outform', 'DER', '-des3', 'cert'], plain),
      readFileSync(join(folder, 'key')),
    ).toString('base64'),
  };
}

/** Wine's provider of such a key knows no AES, and takes every message for one whose first vector is zero: so it is. */
function forWine(envelope: Buffer, privateKey: Buffer): Buffer {
  const behind = (hex: string): number => envelope.indexOf(Buffer.from(hex, 'hex')) + hex.length / 2;
  const wrapped = behind('04820100');
  const padding = constants.RSA_PKCS1_PADDING;
  const key = privateDecrypt({ key: privateKey, padding }, envelope.subarray(wrapped, wrapped + 256));
  // The object identifier of des-ede3-cbc; eight bytes; the content, with one or two bytes of length.
  const vector = behind('06082a864886f70d03070408');
  const content = vector + 8 + (envelope[vector + 9] === 0x81 ? 3 : 2);
  const decipher = createDecipheriv('des-ede3-cbc', key, envelope.subarray(vector, vector + 8));
  const plain = Buffer.concat([decipher.update(envelope.subarray(content)), decipher.final()]);
  const cipher = createCipheriv('des-ede3-cbc', key, Buffer.alloc(8));
  const start = Buffer.concat([envelope.subarray(0, vector), Buffer.alloc(8), envelope.subarray(vector + 8, content)]);
  return Buffer.concat([start, cipher.update(plain), cipher.final()]);
}

t.test('the verbs of the handler', { skip, timeout: 580_000 }, async (t) => {
  const { wine, disk, node, run } = await wineMachine(t, { bare: true, root: 'C:\\' });
  const mock = await startMock(() => ({ status: 200, headers: { 'x-ms-blob-type': 'BlockBlob' } }));
  t.teardown(() => mock.close());
  const folder = join(disk, FOLDER);
  const files = WINDOWS_EXTENSION_FILES.map((file) =>
    file.path === '/program/node.exe'
      ? { ...file, from: { make: async (path: string) => copyFileSync(node, path) } }
      : file,
  );
  await stage(folder, WINDOWS, files);
  for (const name of ['RuntimeSettings', 'Status', 'Log']) mkdirSync(join(folder, name));
  const environment = {
    logFolder: windows(`${FOLDER}/Log`),
    configFolder: windows(`${FOLDER}/RuntimeSettings`),
    statusFolder: windows(`${FOLDER}/Status`),
    heartbeatFile: windows(`${FOLDER}/Status/HeartBeat.Json`),
  };
  const written = [{ name: 'x', version: 1, handlerEnvironment: environment }];
  writeFileSync(join(folder, 'HandlerEnvironment.json'), JSON.stringify(written));

  const secret = { objectStr: packed({ blobSASUri: [] }), statusBlobUri: `${mock.origin}/status?sig=s` };
  const { pfx, thumbprint, sealed } = seal(join(dirname(disk), 'certificate'), JSON.stringify(secret));
  copyFileSync(pfx, join(disk, 'test.pfx'));
  t.match(await run(join(import.meta.dirname, 'certificate-program.ts'), 'C:\\test.pfx'), { imported: true, added: 1 });
  const handlerSettings = {
    publicSettings: publicSettings(),
    protectedSettings: sealed,
    protectedSettingsCertThumbprint: thumbprint,
  };
  writeFileSync(join(folder, 'RuntimeSettings/3.settings'), JSON.stringify({ runtimeSettings: [{ handlerSettings }] }));

  const verb = (name: string) => {
    const { code, out, err } = wine('cmd.exe', '/c', windows(`${FOLDER}/bin/${name}.cmd`));
    t.equal(code, 0, `${name} ${out}${err}`);
  };
  verb('install');
  verb('enable');
  // By the newest settings, since nobody has said which.
  const status = join(folder, 'Status/3.status');
  const state = () => JSON.parse(readFileSync(status, 'utf8'))[0].status;
  // 4 is what the service is told while a job goes on.
  for (const endMs = Date.now() + JOB_MS; state().code === '4' && Date.now() < endMs; ) await sleep(200);
  t.match(state(), { status: 'success', code: '76' }, 'there is nothing to take a snapshot of', state());
  const upload = mock.received.findLast(({ method }) => method === 'PUT');
  t.match(upload?.path, /^\/status\?sig=s/, 'the address was in what was sealed');
  t.notMatch(readFileSync(status, 'utf8'), /sig=s/);
  verb('enable');
  t.match(state(), { status: 'success', code: '76' }, 'it is not done again');
  t.ok(existsSync(join(disk, 'ProgramData/quiesced/state/azure/handler.json')));
  verb('update');
  verb('disable');
  verb('uninstall');
  t.notOk(existsSync(join(disk, 'ProgramData/quiesced')), 'nothing of it stays');
  t.notOk(existsSync(join(disk, 'run')), 'nor a folder that is Linux’s');
});
