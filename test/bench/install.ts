import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { runProgram } from '../../agent/system/run.ts';
import { must } from './command.ts';

const POLICY = '/usr/sbin/policy-rc.d';

/**
 * Path of qemu-ga, `undefined` when it is not to be had. It is installed only where `CI=1` or
 * `QUIESCED_TEST_INSTALL=1` allows it, and its service is not started.
 */
export async function findQemuGa(say: (line: string) => void): Promise<string | undefined> {
  const present = await which();
  if (present !== undefined) return present;
  if (process.env.CI !== '1' && process.env.QUIESCED_TEST_INSTALL !== '1') {
    say('SKIPPED: qemu-guest-agent is not installed. QUIESCED_TEST_INSTALL=1 lets this benchmark install it, or run:');
    say('  apt-get install --no-install-recommends qemu-guest-agent');
    return undefined;
  }
  await withoutStartingServices(async () => {
    await must(['apt-get', 'update', '-qq']);
    await must(['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'qemu-guest-agent'], 300_000);
  });
  return which();
}

const which = async (): Promise<string | undefined> => {
  const { stdout } = await runProgram(['sh', '-c', 'command -v qemu-ga'], { timeoutMs: 5000 });
  return stdout.trim() || undefined;
};

/** The policy of Debian's package scripts: 101 forbids. One that is already there is the owner's: kept, if it forbids. */
async function withoutStartingServices(install: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) {
    const { exitCode } = await runProgram([POLICY, 'qemu-guest-agent', 'start'], { timeoutMs: 5000 });
    if (exitCode !== 101) throw new Error(`${POLICY} would let the service start: install qemu-guest-agent yourself`);
    return install();
  }
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    await install();
  } finally {
    await rm(POLICY, { force: true });
  }
}
