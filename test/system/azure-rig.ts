import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Test } from 'tap';
import { type Behaviour, type Mock, startMock } from '../azure/mock.ts';
import { packed, SECRET, TASK } from '../unit/extensions/azure/jobs.ts';
import type { Mounted, Rig } from './loop.ts';
import { until } from './loop-observe.ts';

const HANDLER = join(import.meta.dirname, '../../extensions/azure/handler/main.ts');
export const FOLDER = '/var/lib/waagent/Quiesced.BackupLinux-0.1.0.0';
const LIMIT_MS = 180_000;
const END_MS = 120_000;

/** The VM agent and Azure, as far as the handler sees them. */
export interface AzureRig {
  readonly storage: Mock;
  /** As the agent does it: a new goal state, then the verb. */
  settings(sequence: number, settings: object | string): void;
  call(verb: string, sequence: number, fault?: Fault): Promise<Called>;
  /** The whole of a job: its last report, once there is one. */
  report(sequence: number): Promise<Report | undefined>;
  /** What the status file says now. */
  status(sequence: number): Report | undefined;
  /** Settings of a job whose disks are blobs of the mock. */
  job(wishes?: { readonly task?: string; readonly blobs?: readonly string[]; readonly public?: object }): object;
  /** Where the signature of a SAS stands in any file of the private root, but for what the agent itself wrote. */
  leaks(): readonly string[];
}

export interface Fault {
  readonly name: string;
  readonly action: 'stop' | 'throw' | 'ENOSPC';
}

export interface Called {
  readonly code: number | null;
  readonly output: string;
  readonly tookMs: number;
  /** The process that stopped itself at the fault point; it is killed by then. */
  readonly stopped: number | undefined;
}

export interface Report {
  readonly outer: string;
  readonly status: string;
  readonly code: string;
  readonly consistency: number;
  readonly message: string;
}

/** Storage that takes every snapshot, and whose blobs are block blobs. */
export const OBLIGING: Behaviour = ({ method, path }) => {
  if (method === 'GET') return { status: 200, headers: { 'x-ms-blob-type': 'BlockBlob' } };
  return path.includes('comp=snapshot')
    ? { status: 201, headers: { 'x-ms-snapshot': '2026-11-21T15:00:00.0000000Z' } }
    : { status: 201 };
};

export async function azureRig(t: Test, rig: Rig, mounts: readonly Mounted[]): Promise<AzureRig> {
  const storage = await startMock(OBLIGING);
  const sealed = certificate(rig);
  t.teardown(() => storage.close());
  const folders = { logFolder: '/var/log/azure/Q', configFolder: `${FOLDER}/config`, statusFolder: `${FOLDER}/status` };
  const environment = { ...folders, heartbeatFile: `${FOLDER}/heartbeat.log`, eventsFolder: '/var/log/azure/Q/events' };
  rig.put(`${FOLDER}/HandlerEnvironment.json`, JSON.stringify([{ version: 1, handlerEnvironment: environment }]));
  // The agent makes them.
  for (const folder of ['/var/log/azure/Q/events', `${FOLDER}/status`]) rig.put(`${folder}/.keep`, '');
  const file = (path: string) => join(rig.root, path);
  const status = (sequence: number): Report | undefined => {
    const path = file(`${FOLDER}/status/${sequence}.status`);
    return existsSync(path) ? reportIn(readFileSync(path, 'utf8')) : undefined;
  };
  return {
    storage,
    status,
    settings(sequence, settings) {
      const text = typeof settings === 'string' ? settings : JSON.stringify(settings);
      rig.put(`${FOLDER}/config/${sequence}.settings`, text, 0o644);
    },
    async report(sequence) {
      await until(() => !['4', undefined].includes(status(sequence)?.code), END_MS);
      return status(sequence);
    },
    job({ task = TASK, blobs = ['os'], public: more = {} } = {}) {
      const sas = (name: string) => `${storage.origin}/${name}?sig=${SECRET}`;
      const publicSettings = {
        commandToExecute: 'snapshot',
        taskId: task,
        vmType: 'microsoft.compute/virtualmachines',
        objectStr: packed({ backupMetadata: [{ Key: 'a', Value: 'b' }] }),
        customSettings: JSON.stringify({ takeSnapshotFrom: 'onlyGuest' }),
        ...more,
      };
      const secret = {
        objectStr: packed({ blobSASUri: blobs.map(sas) }),
        statusBlobUri: sas('status'),
        logsBlobUri: sas('log'),
        snapshotTaskToken: SECRET,
      };
      return wrapped(publicSettings, sealed(JSON.stringify(secret)));
    },
    call: (verb, sequence, fault) => call(rig, mounts, verb, sequence, fault),
    leaks: () => filesBelow(rig.root).filter((path) => !path.endsWith('.settings') && holdsSecret(path)),
  };
}

export const wrapped = (publicSettings: unknown, protectedSettings: string | null = null): object => ({
  runtimeSettings: [
    {
      handlerSettings: {
        publicSettings,
        protectedSettings,
        protectedSettingsCertThumbprint: protectedSettings === null ? null : THUMBPRINT,
      },
    },
  ],
});

const THUMBPRINT = '3E597872545519C2189D42525BA0599D7AE92449';

/** The certificate of the machine, where the agent keeps it. Returns what seals settings for it. */
function certificate(rig: Rig): (text: string) => string {
  const [crt, prv] = ['crt', 'prv'].map((end) => rig.put(`/var/lib/waagent/${THUMBPRINT}.${end}`, '', 0o400));
  const make = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-subj', '/CN=test', '-keyout', prv, '-out', crt];
  const openssl = (args: readonly (string | undefined)[], input?: string) =>
    execFileSync('openssl', args as string[], { input, stdio: ['pipe', 'pipe', 'ignore'] });
  openssl(make);
  return (text) => openssl(['cms', '-encrypt', '-binary', '-aes256', '-outform', 'DER', crt], text).toString('base64');
}

async function call(
  rig: Rig,
  mounts: readonly Mounted[],
  verb: string,
  sequence: number,
  fault?: Fault,
): Promise<Called> {
  const startedMs = performance.now();
  const reached = join(rig.folder, `reached-${crypto.randomUUID()}`);
  const child = spawn(process.execPath, [HANDLER, verb], {
    cwd: '/',
    timeout: LIMIT_MS,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...rig.cli.env(),
      AZURE_GUEST_AGENT_EXTENSION_PATH: FOLDER,
      ConfigSequenceNumber: String(sequence),
      QUIESCED_TEST_AZURE_HOST: 'http://127.0.0.1:9/',
      QUIESCED_TEST_AZURE_MOUNTS: mounts.map(({ mountPoint }) => mountPoint).join(','),
      ...(fault && { QUIESCED_TEST_FAULT: `${fault.name}=${fault.action}`, QUIESCED_TEST_FAULT_REACHED: reached }),
    },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const { promise, resolve } = Promise.withResolvers<number | null>();
  child.on('exit', resolve);
  const stopped = fault?.action === 'stop' ? await killedAt(reached) : undefined;
  const code = await promise;
  return { code, output, tookMs: performance.now() - startedMs, stopped };
}

/** Whoever of ours came to the fault point first is killed where it stands. */
async function killedAt(reached: string): Promise<number | undefined> {
  // It is there before its line is.
  const line = () => (existsSync(reached) ? readFileSync(reached, 'utf8') : '');
  if (!(await until(() => line().endsWith('\n'), END_MS))) return undefined;
  const pid = Number(line().split(' ')[1]);
  process.kill(pid, 'SIGKILL');
  return pid;
}

function reportIn(text: string): Report {
  const [{ status: outer }] = JSON.parse(text);
  const [{ status }] = JSON.parse(outer.substatus[0].name);
  const { messageStr, snapshotConsistency } = JSON.parse(status.formattedMessage.message);
  const { code } = status;
  return { outer: outer.status, status: status.status, code, consistency: snapshotConsistency, message: messageStr };
}

const filesBelow = (folder: string): readonly string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

const holdsSecret = (path: string): boolean => readFileSync(path, 'latin1').includes(SECRET);
