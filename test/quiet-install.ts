import { existsSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { runProgram } from '../agent/system/run.ts';

const POLICY = '/usr/sbin/policy-rc.d';
const MINUTES = 60_000;

/** Debian packages, by apt, without starting a service that they bring. Throws with what apt said. */
export const installQuietly = (packages: readonly string[]): Promise<void> =>
  withoutStartingServices(packages, async () => {
    await apt(['update', '-qq'], 5 * MINUTES);
    await apt(['install', '-y', '-qq', '--no-install-recommends', ...packages], 10 * MINUTES);
  });

async function apt(args: readonly string[], timeoutMs: number): Promise<void> {
  const env = { DEBIAN_FRONTEND: 'noninteractive' };
  const { exitCode, ended, stderr } = await runProgram(['apt-get', '-o', 'DPkg::Lock::Timeout=120', ...args], {
    timeoutMs,
    env,
  });
  if (exitCode !== 0) throw new Error(`apt-get ${args.join(' ')}: ${ended} ${exitCode ?? ''} ${stderr.trim()}`);
}

/** The policy of Debian's package scripts: 101 forbids. One that is already there is the owner's: kept, if it forbids. */
async function withoutStartingServices(packages: readonly string[], install: () => Promise<void>): Promise<void> {
  if (existsSync(POLICY)) {
    const { exitCode } = await runProgram([POLICY, packages[0] ?? '', 'start'], { timeoutMs: 5000 });
    if (exitCode !== 101) throw new Error(`${POLICY} would let services start: install ${packages.join(' ')} yourself`);
    return install();
  }
  writeFileSync(POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
  try {
    await install();
  } finally {
    await rm(POLICY, { force: true });
  }
}
