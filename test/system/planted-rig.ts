import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Report } from '../../agent/checks/report.ts';
import type { Rig } from './loop.ts';

const HERE = import.meta.dirname;
const MAIN = join(HERE, '../../agent/main.ts');
const LIMIT_MS = 300_000;

/** One run of the program in a namespace. */
export interface Run {
  readonly report: Report;
  /** Until its process had ended, by the kernel's clock. */
  readonly tookMs: number;
}

/**
 * Mounts and processes of its own, in which the machine says that it is Azure's, and /var is a mount of its own. What
 * others have mounted is let go of at once: a copy here would keep their devices in use. `check NAME [PROGRAM …]` runs
 * the checks and keeps what came of it; `ready FILE` waits for a program in the background.
 */
const PRELUDE = `set -eu
cut -d' ' -f5 /proc/self/mountinfo | grep -E '^/(dev/shm|tmp|var/tmp)/' | tac | while read -r at; do umount "$at" || umount -l "$at"; done
mkdir class place
mount --bind /sys/class class
mount -t tmpfs planted /sys/class
mkdir -p /sys/class/dmi/id /sys/class/block /sys/class/net
mount --bind class/block /sys/class/block
mount --bind class/net /sys/class/net
echo 7783-7084-3265-9085-8269-3286-77 >/sys/class/dmi/id/chassis_asset_tag
mount --bind /var /var
# Below the new mount, and not below the one it covers.
cd "$FOLDER"
now() { cut -d' ' -f1 /proc/uptime | tr -d .; }
check() {
  name=$1; shift
  start=$(now)
  "$NODE" "$@" >"$name.json" 2>"$name.err" || true
  echo $((($(now) - start) * 10)) >"$name.ms"
}
ready() { tries=0; until [ -e "$1" ] || [ $tries -gt 600 ]; do sleep 0.05; tries=$((tries + 1)); done; [ -e "$1" ]; }
`;

/** Runs a script of `sh` there, and returns how each `check` of it went. Whatever it started or mounted ends with it. */
export async function inNamespace(rig: Rig, script: string, only?: string): Promise<(name: string) => Run> {
  const file = join(rig.folder, 'script.sh');
  const checks = only === undefined ? '' : ` --only ${only}`;
  writeFileSync(file, `${PRELUDE}${script.replaceAll('$CHECK', `"$MAIN" check --json${checks}`)}\n`);
  chmodSync(file, 0o700);
  const unshare = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', '--', '/bin/sh', file];
  const child = spawn('unshare', unshare, {
    cwd: rig.folder,
    env: { ...rig.cli.env(), FOLDER: rig.folder, NODE: process.execPath, MAIN, HERE },
    stdio: ['ignore', 'inherit', 'pipe'],
    timeout: LIMIT_MS,
    killSignal: 'SIGKILL',
  });
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`the script ended with ${code}: ${stderr}`);
  return (name) => {
    const text = rig.read(`${name}.json`);
    if (text === '') throw new Error(`no report of ${name}: ${rig.read(`${name}.err`)}`);
    return { report: JSON.parse(text), tookMs: Number(rig.read(`${name}.ms`)) };
  };
}

/** What changed between two runs: `id verdict: detail`. */
export const changes = (before: Run, after: Run): readonly string[] =>
  after.report.findings.flatMap(({ id, verdict, detail }) =>
    before.report.findings.find((finding) => finding.id === id)?.verdict === verdict
      ? []
      : [`${id} ${verdict}: ${detail}`],
  );
