/**
 * The VM extension under a real systemd: `enable` leaves the job to a unit of its own, which `disable` waits for, which
 * outlives whoever called us, and which a boot in between ends with a word.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Test } from 'tap';
import { bundle } from '../../packaging/build.ts';
import { TARGETS } from '../../packaging/target.ts';
import type { Machine } from './lab/machine.ts';
import { rounds, vmTest } from './lab/scenario.ts';

/** Where the VM agent unpacks it. The bundle is carried in; Node and koffi are those of the package. */
const FOLDER = '/var/lib/waagent/Quiesced.BackupLinux-0.1.0.0';
const UNITS = 'systemctl list-units --all --no-legend --plain "run-*.service"';
const RECORD = '/var/lib/quiesced/azure/handler.json';
/** Takes the connection and never answers, so that a job lasts. */
const SILENT_HOST = [
  'ip address add 168.63.129.16/32 dev lo',
  `systemd-run -q /usr/lib/quiesced/bin/node -e 'require("node:net").createServer().listen(80, "168.63.129.16")'`,
  'until ss -ltn | grep -q 168.63.129.16:80; do sleep 0.2; done',
].join(' && ');
const WHAT_BECAME_OF_IT = `cat ${FOLDER}/status/*.status ${RECORD}; ${UNITS}; tail -n 40 /var/log/azure/Q/*; journalctl -b --no-pager -n 60`;
/** A boot takes a minute under emulation, and each start of Node up to three seconds. */
const ONCE = { short: 1, full: 2 };
const END_MS = 180_000;

/** The folders that the agent makes, and scripts that a job may come to. */
async function prepare(machine: Machine): Promise<void> {
  await machine.must(
    `mkdir -p ${FOLDER}/config ${FOLDER}/status /var/log/azure/Q && systemctl stop quiesced.socket quiesced`,
  );
  const folders = { logFolder: '/var/log/azure/Q', configFolder: `${FOLDER}/config`, statusFolder: `${FOLDER}/status` };
  const environment = [{ version: 1, handlerEnvironment: { ...folders, heartbeatFile: `${FOLDER}/heartbeat` } }];
  await machine.put(`${FOLDER}/HandlerEnvironment.json`, JSON.stringify(environment));
  await machine.put('/opt/lab/pre', '#!/bin/sh\necho pre >>/lab/scripts.log\nexec sleep 20\n', '0700');
  await machine.put('/opt/lab/post', '#!/bin/sh\necho post >>/lab/scripts.log\n', '0700');
  await machine.put('/etc/quiesced/quiesced.conf.d/lab.conf', '[scripts]\npre = /opt/lab/pre\npost = /opt/lab/post\n');
  await machine.must('chown -R root: /opt/lab /etc/quiesced && rm -f /lab/scripts.log && sync');
}

/** A command may be so long, and not much longer: execve(2), MAX_ARG_STRLEN. */
const PIECE = 60_000;

async function carryIn(machine: Machine): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-handler-'));
  try {
    await bundle(folder, TARGETS.amd64.koffi, { handler: 'extensions/azure/handler/main.ts' });
    const tar = execFileSync('tar', ['-C', folder, '-cz', '--exclude=node_modules', '.'], { maxBuffer: 2 ** 26 });
    const text = tar.toString('base64');
    await machine.must(`mkdir -p ${FOLDER}/program && rm -f /lab/handler.txt`);
    for (let at = 0; at < text.length; at += PIECE) {
      await machine.must(`printf %s ${text.slice(at, at + PIECE)} >>/lab/handler.txt`);
    }
    await machine.must(`base64 -d /lab/handler.txt | tar -C ${FOLDER}/program -xz --no-same-owner`);
    const borrowed = ['bin/node', 'node_modules'].map(
      (name) => `ln -sfn /usr/lib/quiesced/${name} ${FOLDER}/program/${basename(name)}`,
    );
    await machine.must(`${borrowed.join(' && ')} && chown -R root: /var/lib/waagent && sync`);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function settings(machine: Machine, sequence: number): Promise<void> {
  const packed = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64');
  const publicSettings = {
    commandToExecute: 'snapshot',
    taskId: `00000000-0000-0000-0000-00000000000${sequence}`,
    vmType: 'microsoft.compute/virtualmachines',
    objectStr: packed({ backupMetadata: [] }),
    // Nobody answers there: the machine has no network. What is looked at is the way there and back.
    customSettings: JSON.stringify({ takeSnapshotFrom: 'onlyHost' }),
  };
  const handlerSettings = { publicSettings, protectedSettings: null, protectedSettingsCertThumbprint: null };
  await machine.put(
    `${FOLDER}/config/${sequence}.settings`,
    JSON.stringify({ runtimeSettings: [{ handlerSettings }] }),
  );
}

const call = (machine: Machine, verb: string, sequence: number) =>
  machine.run(
    `AZURE_GUEST_AGENT_EXTENSION_PATH=${FOLDER} ConfigSequenceNumber=${sequence} ` +
      `${FOLDER}/program/node ${FOLDER}/program/lib/handler.mjs ${verb}`,
    { timeoutMs: END_MS * 2 },
  );

/** Gives it a job, as the agent does. How long `enable` took. */
async function given(t: Test, machine: Machine, sequence: number): Promise<number> {
  await call(machine, 'install', 0);
  await settings(machine, sequence);
  const begunMs = Date.now();
  const { code, output } = await call(machine, 'enable', sequence);
  const tookMs = Date.now() - begunMs;
  t.equal(code, 0, output);
  return tookMs;
}

/** The code of the report, as the agent would pass it on. */
async function codeOf(machine: Machine, sequence: number): Promise<string | undefined> {
  const { output } = await machine.run(`cat ${FOLDER}/status/${sequence}.status`);
  return /\\"code\\":\\"(\d+)\\"/.exec(output)?.[1];
}

async function until(holds: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + END_MS; Date.now() < end; await sleep(500)) if (await holds()) return true;
  return false;
}

vmTest('the VM extension, its jobs in units of systemd', 'ready', async (t, machine) => {
  await prepare(machine);
  await carryIn(machine);
  await machine.save('prepared');
  const inUnit = async () => /run-.*quiesced VM extension/.test(await machine.must(UNITS));

  const way = {
    scenario: 'VM extension: enable, disable, uninstall',
    measured: 'enable',
    from: 'prepared',
    atMost: ONCE,
  };
  await rounds(t, machine, way, async (t) => {
    const tookMs = await given(t, machine, 1);
    t.ok(await codeOf(machine, 1), 'a status is there when it returns');
    t.ok(await until(inUnit), 'the job is done in a unit of its own');
    t.equal((await call(machine, 'disable', 1)).code, 0);
    t.not(await codeOf(machine, 1), '4', 'disable has waited for its end');
    t.ok(await until(async () => !(await inUnit())), 'and the unit is gone');
    t.equal((await call(machine, 'uninstall', 1)).code, 0);
    t.equal((await machine.run('ls /var/lib/quiesced/azure 2>/dev/null')).output, '', 'no record is left');
    return tookMs;
  });

  const boot = {
    scenario: 'VM extension: a boot within a job',
    measured: 'enable, after it',
    from: 'prepared',
    atMost: ONCE,
  };
  await rounds(t, machine, boot, async (t) => {
    await machine.must(SILENT_HOST);
    await given(t, machine, 2);
    // What can be read is a moment later durable: without the second command the reset might come first.
    await machine.must(`until grep -qs begun ${RECORD}; do sleep 0.1; done; sync`, { timeoutMs: END_MS });
    await machine.reset();
    t.equal(await codeOf(machine, 2), '4', 'at work, as far as anybody knows');
    const begunMs = Date.now();
    t.equal((await call(machine, 'enable', 2)).code, 0);
    const tookMs = Date.now() - begunMs;
    const ended = await until(async () => (await codeOf(machine, 2)) === '2');
    t.ok(ended, 'an error, and an end');
    if (!ended) t.comment(await machine.must(WHAT_BECAME_OF_IT));
    return tookMs;
  });
});
