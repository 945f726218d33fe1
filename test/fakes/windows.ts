import type { RunningProgram } from '../../agent/system/programs-windows.ts';
import type { RegistryValue } from '../../agent/system/registry.ts';
import { type ServiceState, START_TYPES } from '../../agent/system/service-states.ts';
import type { FileStat, System } from '../../agent/system/system.ts';
import type { WindowsVolume } from '../../agent/system/windows-volumes.ts';
import { ADMINISTRATORS, descriptor, FULL, SYSTEM } from '../unit/system/descriptors.ts';
import { fakeRegistry } from './registry.ts';
import { type FakeProgram, type FakeSystem, type FakeSystemOptions, fakeSystem } from './system.ts';

/** A Windows in memory. Paths and names in any case, as the real one has them. */
export interface WindowsMachine {
  readonly registry: Readonly<Record<string, RegistryValue>>;
  readonly services: Readonly<Record<string, ServiceState>>;
  readonly files: Readonly<Record<string, string | Buffer>>;
  /** How long ago a file was changed; just now when it is not named here. */
  readonly agesMs: Readonly<Record<string, number>>;
  readonly programs: Readonly<Record<string, FakeProgram>>;
  readonly volumes: readonly WindowsVolume[];
  /** The first bytes of each, by its number. */
  readonly disks: readonly Buffer[];
  /** Who may do what with a file or folder; administrators everything and nobody else anything when it is not named here. */
  readonly security: Readonly<Record<string, Buffer>>;
  readonly processes: readonly RunningProgram[];
  /** What each look at the processors shows, the last one again and again; and the memory in use. In percent. */
  readonly load: { readonly busy: readonly number[]; readonly memory: number };
}

const CLOSED = descriptor(SYSTEM, [
  { rights: FULL, who: SYSTEM },
  { rights: FULL, who: ADMINISTRATORS },
]);

/**
 * Its files do not exist on this machine, and nothing is spawned. What is written, our own records, is in a private
 * folder, under names with backslashes in them.
 */
export function fakeWindows(
  machine: WindowsMachine,
  place: Pick<FakeSystemOptions, 'root'> = {},
): { readonly system: System; readonly ran: FakeSystem['ran']; cleanUp(): void } {
  const { cleanUp, ...fake } = fakeSystem({ platform: 'windows', programs: machine.programs, ...place });
  const services = lowered(machine.services);
  const files = lowered(machine.files);
  const ages = lowered(machine.agesMs);
  const security = lowered(machine.security);
  const below = (path: string): readonly string[] =>
    [...files.keys()].filter((file) => file.startsWith(`${keyOf(path)}\\`));
  const looks = [...machine.load.busy];
  const system: System = {
    ...fake,
    live: true,
    env: { QUIESCED_TEST: '1', SystemDrive: 'C:' },
    registry: fakeRegistry({ ...startsOf(machine.services), ...machine.registry }),
    services: { read: async (name) => services.get(name.toLowerCase())?.value },
    volumes: { list: async () => machine.volumes },
    disks: { start: async (number) => machine.disks[number] },
    programs: { list: async () => machine.processes },
    load: {
      busyPercent: async () => (looks.length > 1 ? looks.shift() : looks[0]) ?? 0,
      memoryPercent: () => machine.load.memory,
    },
    async securityOf(path) {
      const isThere = files.has(keyOf(path)) || below(path).length > 0 || /^c:\\$/i.test(path);
      return isThere ? (security.get(keyOf(path))?.value ?? CLOSED) : undefined;
    },
    async readText(path, encoding = 'utf8') {
      const file = files.get(keyOf(path))?.value ?? (await fake.readText(path, encoding));
      return typeof file === 'string' ? file : file?.toString(encoding);
    },
    async list(path) {
      const inside = below(path).map(
        (file) =>
          files
            .get(file)
            ?.key.slice(path.length + 1)
            .split('\\')[0] ?? '',
      );
      return inside.length === 0 ? undefined : [...new Set(inside)].sort();
    },
    async stat(path): Promise<FileStat | undefined> {
      const file = files.get(keyOf(path))?.value;
      if (file === undefined && below(path).length === 0) return fake.stat(path);
      const kind = file === undefined ? 'directory' : 'file';
      const modifiedMs = Date.now() - (ages.get(keyOf(path))?.value ?? 0);
      return { kind, mode: 0o666, uid: 0, gid: 0, sizeBytes: file?.length ?? 0, modifiedMs };
    },
  };
  return { system, ran: fake.ran, cleanUp };
}

/** As the service control manager keeps it. */
const startsOf = (services: WindowsMachine['services']): WindowsMachine['registry'] =>
  Object.fromEntries(
    Object.entries(services).map(([name, { start }]) => [
      `HKLM\\SYSTEM\\CurrentControlSet\\Services\\${name}\\Start`,
      { type: 'dword', data: (START_TYPES as readonly string[]).indexOf(start) },
    ]),
  );

const lowered = <T>(values: Readonly<Record<string, T>>): ReadonlyMap<string, { key: string; value: T }> =>
  new Map(Object.entries(values).map(([key, value]) => [keyOf(key), { key, value }]));

/** In any case, and with either slash. */
const keyOf = (path: string): string => path.toLowerCase().replaceAll('/', '\\');
