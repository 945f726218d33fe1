import { join } from 'node:path';
import type { Test } from 'tap';
import { ask } from '../../agent/control/client.ts';
import type { ControlStatus, RouteName } from '../../agent/control/protocol.ts';
import { loopTest, type Mounted, type Rig } from './loop.ts';
import type { CliProcess, CliResult } from './loop-cli.ts';
import { until } from './loop-observe.ts';

/** A daemon that answers, as a process of its own. */
export interface Daemon extends CliProcess {
  /** Asks it without a client of ours in between. */
  ask<Reply>(route: RouteName, body?: unknown): Promise<Reply>;
  status(): Promise<ControlStatus>;
  /** SIGTERM, and how it ended. */
  end(): Promise<CliResult>;
}

export const endpointIn = (rig: Rig): string => join(rig.root, 'run/quiesced/control/quiesced.sock');
export const LOG = 'root/var/log/quiesced/quiesced.log';

/** Asks whoever listens; throws when nobody does. */
export async function askIn<Reply>(rig: Rig, route: RouteName, body?: unknown): Promise<Reply> {
  const reply = await ask<Reply>(endpointIn(rig), route, { body, silenceMs: 60_000 });
  if (reply === undefined) throw new Error('nobody is there');
  return reply;
}

/** Whether a daemon answers now. */
export const serves = async (rig: Rig): Promise<boolean> => {
  const status = await ask<ControlStatus>(endpointIn(rig), 'status', { silenceMs: 5000 }).catch(() => undefined);
  return status?.daemon !== undefined;
};

/** @param when `at once`: whether or not it has come to answering. */
export async function startDaemon(t: Test, rig: Rig, when: 'answering' | 'at once' = 'answering'): Promise<Daemon> {
  const process = rig.cli.start(['daemon']);
  t.teardown(() => process.signal('SIGKILL'));
  if (when === 'answering') t.ok(await until(() => serves(rig)), 'the daemon answers');
  return {
    ...process,
    ask: (route, body) => askIn(rig, route, body),
    status: () => askIn(rig, 'status'),
    end() {
      process.signal('SIGTERM');
      return process.ended;
    },
  };
}

/** What a daemon is tried on. */
export interface Scene {
  readonly rig: Rig;
  readonly daemon: Daemon;
  /** An ext4: there before the daemon, whose environment names what it may freeze. */
  readonly mounted: Mounted;
}

/** With a daemon, which must end well at the end. */
export function daemonTest(title: string, body: (t: Test, scene: Scene) => Promise<void>): void {
  loopTest(title, async (t, rig) => {
    const mounted = await rig.make('ext4');
    const daemon = await startDaemon(t, rig);
    await body(t, { rig, daemon, mounted });
    t.equal((await daemon.end()).code, 0, 'it ends well');
  });
}

/** Scripts that count their runs; `pre` says what the first one does besides. */
export function withScripts(rig: Rig, { deadlineMs = 60_000, pre = '' } = {}): void {
  rig.put('opt/pre', `#!/bin/sh\necho pre >>$FOLDER/scripts.log\n${pre}\n`, 0o700);
  rig.put('opt/post', '#!/bin/sh\necho "post $QUIESCED_RESULT" >>$FOLDER/scripts.log\n', 0o700);
  rig.configure(`[snapshot]\nfrozen-deadline = ${deadlineMs}ms\n[scripts]\npre = /opt/pre\npost = /opt/post\n`);
}

/** Until it is killed by whoever gives the run up. */
export const SLOW_PRE = 'exec sleep 60';

/** Answers as soon as it is asked, and knows the end. */
export const TAKER = ['sh', '-c', `read line; echo '{"ok":true,"snapshot":"one"}'; cat >/dev/null`];
