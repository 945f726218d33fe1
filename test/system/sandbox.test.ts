import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import t, { type Test } from 'tap';
import { quiescerOf } from '../../agent/sandbox/application.ts';
import { removeSandbox, type Sandbox, type SandboxFileSystem } from '../../agent/sandbox/images.ts';
import { attachedBelow, mountsBelow } from '../../agent/sandbox/loops.ts';
import { encodeRecord, JOURNAL_FILE, PROBE_FILE, RECORD_BYTES } from '../../agent/sandbox/record.ts';
import { sweepSandboxes } from '../../agent/sandbox/sweep.ts';
import { verifyCopies } from '../../agent/sandbox/verify.ts';
import type { System } from '../../agent/system/system.ts';
import {
  type Change,
  type Cycle,
  doctor,
  runCycle,
  sandboxTest,
  signalOf,
  untilDetached,
  whileFrozen,
  whyNot,
} from './sandbox-rig.ts';

const why = whyNot();
if (why !== undefined) t.comment(`the sandbox is NOT tested here. ${why}`);

const ALL = ['ext4', 'xfs', 'btrfs'] as const;

/** What is wrong with each copy: `ext4 torn`. */
async function faults(system: System, sandbox: Sandbox, { expectations }: Cycle): Promise<readonly string[]> {
  const reports = await verifyCopies(system, sandbox, expectations, signalOf());
  return reports.flatMap(({ type, checks }) => checks.flatMap(({ ok, what }) => (ok ? [] : [`${type} ${what}`])));
}

sandboxTest('a frozen copy of each file system is right, and harm done to it is found', async (t, rig) => {
  const sandbox = await rig.sandbox(...ALL);
  t.match(Object.fromEntries(sandbox.fileSystems.map(({ type, id, device }) => [type, { id, device }])), {
    ext4: { id: /^7:\d+$/, device: /^\/dev\/loop\d+$/ },
    xfs: { id: /^7:\d+$/ },
    btrfs: { id: /^0:\d+$/, device: /^\/dev\/loop\d+$/ },
  });
  const cycle = await runCycle(rig, sandbox, { application: 'held', fileSystems: 'frozen' });
  t.comment(`take ${cycle.takeMs.toFixed(1)} ms, stalls ${cycle.stallsMs.map((ms) => ms.toFixed(1)).join(' ')} ms`);

  t.strictSame(await faults(rig.system, sandbox, cycle), []);
  for (const stallMs of cycle.stallsMs)
    t.ok(stallMs > 100 && stallMs < cycle.frozenMs + 30_000, `stalled ${stallMs} ms`);

  await t.test('a torn record', (t) =>
    harm(t, JOURNAL_FILE, (bytes) => spoilt(bytes, RECORD_BYTES + 99), ['acknowledged', 'torn']),
  );
  await t.test('a missing record', (t) =>
    harm(t, JOURNAL_FILE, (bytes) => bytes.subarray(0, -RECORD_BYTES), ['acknowledged']),
  );
  await t.test('half a record', (t) =>
    harm(t, JOURNAL_FILE, (bytes) => Buffer.concat([bytes, bytes.subarray(0, 99)]), ['later', 'torn']),
  );
  await t.test('a record from after the freeze', (t) => harm(t, JOURNAL_FILE, withLateRecord, ['later']));
  await t.test('a torn sector', (t) => harm(t, PROBE_FILE, (bytes) => spoilt(bytes, 99), ['torn', 'order']));

  /** Changes the copies, looks what is found, and changes them back. */
  async function harm(t: Test, file: string, change: Change, found: readonly string[]): Promise<void> {
    const original = new Map<SandboxFileSystem, Buffer>();
    const onEach = async (with_: (fileSystem: SandboxFileSystem) => Change) => {
      for (const fileSystem of sandbox.fileSystems) await doctor(sandbox, fileSystem, file, with_(fileSystem));
    };
    await onEach((fileSystem) => (bytes) => {
      original.set(fileSystem, bytes);
      return change(bytes);
    });
    t.strictSame(
      await faults(rig.system, sandbox, cycle),
      ALL.flatMap((type) => found.map((what) => `${type} ${what}`)),
    );
    await onEach((fileSystem) => () => original.get(fileSystem) as Buffer);
  }
});

const spoilt = (bytes: Buffer, at: number): Buffer => {
  const copy = Buffer.from(bytes);
  copy.writeUInt8(copy.readUInt8(at) ^ 1, at);
  return copy;
};

const withLateRecord: Change = (bytes) => {
  const number = bytes.length / RECORD_BYTES + 1;
  return Buffer.concat([bytes, encodeRecord({ kind: 'journal', number, beganNs: process.hrtime.bigint() })]);
};

sandboxTest('an application that is not held is in the copy with all that it was told', async (t, rig) => {
  const sandbox = await rig.sandbox(...ALL);
  const cycle = await runCycle(rig, sandbox, { application: 'running', fileSystems: 'frozen' });
  t.strictSame(await faults(rig.system, sandbox, cycle), []);
});

sandboxTest('a copy that was made without a freeze is found out', async (t, rig) => {
  const sandbox = await rig.sandbox(...ALL);
  const cycle = await runCycle(rig, sandbox, { application: 'running', fileSystems: 'thawed' });
  const found = await faults(rig.system, sandbox, cycle);
  t.comment(`found: ${found.join(', ')}`);
  t.ok(found.includes('ext4 recovery'), 'ext4 needs recovery');
  for (const type of ALL) t.ok(found.includes(`${type} later`), `${type} has writes from after the supposed freeze`);
});

sandboxTest('a copy is not examined beside its original', async (t, rig) => {
  const sandbox = await rig.sandbox('ext4');
  await t.rejects(verifyCopies(rig.system, sandbox, new Map(), signalOf()), { message: /still in use/ });
});

sandboxTest('the hold of a writer', async (t, rig) => {
  const { fileSystems } = await rig.sandbox('ext4');
  const { mountPoint } = fileSystems[0] as SandboxFileSystem;
  const writer = await rig.writer(mountPoint);
  const quiescer = quiescerOf(writer, 'ext4');
  await t.rejects(quiescer.verify(signalOf()), { message: /has not lasted/ }, 'there is none yet');

  await t.rejects(quiescer.hold(AbortSignal.abort(new Error('too late'))), { message: 'too late' });
  await quiescer.release(signalOf());
  await quiescer.hold(signalOf());
  const heldAt = writer.ackedBefore(process.hrtime.bigint());
  await whileFrozen([mountPoint], () => quiescer.verify(signalOf()));
  t.equal(writer.ackedBefore(process.hrtime.bigint()), heldAt, 'nothing was acknowledged while it was held');
  await quiescer.release(signalOf());
  await t.rejects(quiescer.verify(signalOf()), { message: /has not lasted/ }, 'it was released');

  await quiescer.hold(signalOf());
  await writer.stop(signalOf());
  await t.rejects(quiescer.verify(signalOf()), { message: /has ended/ }, 'the writer died');
  await quiescer.release(signalOf());
});

sandboxTest('a writer on a frozen file system can be given up', async (t, rig) => {
  const { fileSystems } = await rig.sandbox('ext4');
  const { mountPoint } = fileSystems[0] as SandboxFileSystem;
  const writer = await rig.writer(mountPoint);
  await whileFrozen([mountPoint], async () => {
    const began = performance.now();
    await writer.stop(signalOf(500));
    t.ok(performance.now() - began < 60_000);
  });
});

sandboxTest('a sandbox is removed though somebody is in it, but not with a mount of somebody else', async (t, rig) => {
  const sandbox = await rig.sandbox('ext4');
  execFileSync('mount', ['-t', 'tmpfs', 'quiesced-test', sandbox.root]);
  try {
    await t.rejects(removeSandbox(rig.system, sandbox.folder), { code: 'sandbox.foreign-mount' });
    t.ok(existsSync(sandbox.fileSystems[0]?.image as string), 'nothing was removed');
  } finally {
    execFileSync('umount', [sandbox.root]);
  }
  t.strictSame(await mountsBelow(rig.system, sandbox.folder), [], 'its own are unmounted');
  await removeSandbox(rig.system, sandbox.folder);
  await removeSandbox(rig.system, sandbox.folder);
  t.notOk(existsSync(sandbox.folder));

  const busy = await rig.sandbox('ext4');
  const visitor = spawn('sleep', ['60'], { cwd: busy.fileSystems[0]?.mountPoint as string });
  rig.finally(() => visitor.kill('SIGKILL'));
  await removeSandbox(rig.system, busy.folder);
  t.notOk(existsSync(busy.folder));
  t.equal((await attachedBelow(rig.system, busy.folder)).length, 1, 'whoever is in it keeps the file system alive');
  visitor.kill('SIGKILL');
  await new Promise((resolve) => visitor.once('exit', resolve));
});

sandboxTest('what a killed process left behind is swept, frozen or not; nothing else is', async (t, rig) => {
  const living = await rig.sandbox('ext4');
  const dead = await killedOwner(rig.system);
  rig.finally(() => removeSandbox(rig.system, dead.folder));
  execFileSync('fsfreeze', ['--freeze', dead.fileSystems[0]?.mountPoint as string]);

  const base = join(rig.system.root, 'var/tmp');
  mkdirSync(join(base, 'quiesced-sandbox-new'), { mode: 0o700 });
  mkdirSync(join(base, 'quiesced-sandbox-open'), { mode: 0o755 });
  writeFileSync(
    join(base, 'quiesced-sandbox-open/owner.json'),
    '{"pid":1,"started":1,"bootId":"x","pidNamespace":"x"}',
  );
  symlinkSync(living.folder, join(base, 'quiesced-sandbox-link'));

  const swept = await sweepSandboxes(rig.system);
  t.strictSame(swept, { removed: [dead.folder.slice(rig.system.root.length)], failed: [] });
  t.notOk(existsSync(dead.folder));
  t.ok(await untilDetached(rig.system, dead.folder));
  t.equal((await mountsBelow(rig.system, living.folder)).length, 1);
});

/** A sandbox whose owner was killed a moment ago. */
async function killedOwner(system: System): Promise<Sandbox> {
  const owner = spawn(process.execPath, [join(import.meta.dirname, '../fixtures/sandbox-owner.ts'), system.root], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  for await (const line of createInterface(owner.stdout)) {
    owner.kill('SIGKILL');
    await new Promise((resolve) => owner.once('exit', resolve));
    return JSON.parse(line);
  }
  throw new Error('the owner made no sandbox');
}
