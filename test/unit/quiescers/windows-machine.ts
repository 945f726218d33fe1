/** A Windows with clients of databases: each is a script of this machine that is found by its name of Windows. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import { createQuiescers } from '../../../agent/quiescers/configured.ts';
import type { ConfiguredQuiescer } from '../../../agent/quiescers/quiescer.ts';
import type { RunningProgram } from '../../../agent/system/programs-windows.ts';
import type { System } from '../../../agent/system/system.ts';
import { load, MAIN } from '../../fakes/config.ts';
import { fakeWindows } from '../../fakes/windows.ts';
import { volume } from '../checks/windows-machine.ts';

export const SELF = [process.execPath, join(import.meta.dirname, '../../../agent/main.ts')];
const FIXTURES = join(import.meta.dirname, '../../fixtures');

export interface ClientsOptions {
  /** Paths of Windows to scripts among the fixtures. */
  readonly clients?: Readonly<Record<string, string>>;
  readonly programs?: readonly RunningProgram[];
  /** Where volumes are mounted. */
  readonly volumes?: readonly string[];
  /** Other files, and who may do what with them; nobody but administrators when it says nothing. */
  readonly files?: Readonly<Record<string, Buffer | undefined>>;
  /** Files with these texts, by their paths of Windows. @param folder of this machine. */
  readonly texts?: (folder: string) => Readonly<Record<string, string>>;
}

export interface ClientsMachine {
  readonly system: System;
  /** Of this machine, for the test. */
  readonly folder: string;
  /** The only quiescer of a configuration. */
  quiescer(text: string): Promise<ConfiguredQuiescer>;
}

export function windowsWithClients(t: Test, options: ClientsOptions): ClientsMachine {
  const folder = mkdtempSync(join(tmpdir(), 'quiesced-windows-'));
  const { clients = {}, programs = [], files = {} } = options;
  const { system: fake, cleanUp } = fakeWindows({
    registry: {},
    services: {},
    files: {
      ...Object.fromEntries([...Object.keys(clients), ...Object.keys(files)].map((path) => [path, 'MZ'])),
      ...options.texts?.(folder),
    },
    security: Object.fromEntries(Object.entries(files).flatMap(([path, list]) => (list ? [[path, list]] : []))),
    load: { busy: [], memory: 0 },
    agesMs: {},
    programs: {},
    volumes: (options.volumes ?? ['C:\\']).map((path) => volume(path)),
    disks: [],
    processes: programs,
  });
  t.teardown(() => {
    cleanUp();
    rmSync(folder, { recursive: true, force: true });
  });
  // A path of Windows has no slash in it, so it is a name here, and is looked up by PATH.
  const path = `${folder}\\System32`;
  mkdirSync(path);
  t.teardown(() => rmSync(path, { recursive: true, force: true }));
  for (const [name, script] of Object.entries(clients)) copyFileSync(join(FIXTURES, script), join(path, name));
  const system: System = {
    ...fake,
    env: { SystemRoot: folder },
    readLink: async () => undefined,
  };
  return {
    system,
    folder,
    async quiescer(text) {
      const [quiescer] = await createQuiescers(system, (await load({ [MAIN]: text })).config, SELF);
      if (quiescer === undefined) throw new Error('no quiescer was made');
      return quiescer;
    },
  };
}

/** A server that runs as a service, or in the session of somebody. */
export const server = (pid: number, name: string, ports: readonly number[], session = 0): RunningProgram => ({
  pid,
  parent: 700,
  name,
  session,
  ports,
});
