import { LOG_LEVELS } from '../log.ts';
import type { Platform } from '../system/system.ts';

/**
 * One key of the configuration. Defaults, bounds and examples are written as in the file, so that the same text serves
 * parsing and documentation; without a default the key is absent (a list: empty) until somebody sets it.
 */
export type KeySpec = {
  /** One line for the reader of the documentation. */
  readonly about: string;
  /** The value itself is never shown. */
  readonly secret?: true;
  /** Of one platform alone: elsewhere it is refused, with what to write instead. */
  readonly only?: { readonly platform: Platform; readonly instead: string };
} & (
  | { readonly type: 'switch'; readonly default: 'yes' | 'no' }
  | { readonly type: 'choice'; readonly default: string; readonly of: readonly string[] }
  | { readonly type: 'count'; readonly default: string; readonly min: number; readonly max: number }
  | {
      readonly type: 'duration';
      readonly default: string;
      readonly min: string;
      readonly max: string;
      readonly orOff?: true;
    }
  | { readonly type: 'cron'; readonly default: 'off'; readonly example: string }
  | { readonly type: 'path'; readonly default?: undefined; readonly example: string }
  | { readonly type: 'url'; readonly default?: undefined; readonly example: string }
  | { readonly type: 'text'; readonly default?: undefined; readonly example: string }
  | { readonly type: 'list'; readonly default?: undefined; readonly of: ListItem; readonly example: string }
);

/** What the items of a list are: command and arguments, mount points to exclude, hosts, hosts with ports, paths, volumes. */
export type ListItem = 'argv' | 'exclusion' | 'host' | 'endpoint' | 'path' | 'volume';

/**
 * Everything that `quiesced.conf` may say, but for `[quiescer NAME]`. Parsing, defaults, `quiesced config` and the
 * documentation all come from this table; the type `Config` is derived from it.
 */
export const SCHEMA = {
  snapshot: {
    'frozen-deadline': {
      type: 'duration',
      default: '10s',
      min: '100ms',
      // A writer of VSS is held for 60 s at most, and applications on Linux expect no more patience from their disks.
      max: '60s',
      about: 'The longest time that file systems stay frozen; they are thawed then, whatever happens.',
    },
    'quiesce-deadline': {
      type: 'duration',
      default: '180s',
      min: '1s',
      // As much as VMSnapshot's own scripts are given at most.
      max: '30m',
      about: 'The longest time that applications are held; they are let go then, whatever happens.',
    },
    'on-failure': {
      type: 'choice',
      of: ['continue', 'abort'],
      default: 'continue',
      about: 'When applications or scripts fail: take a lesser snapshot (continue) or none (abort).',
    },
    taker: {
      type: 'choice',
      of: ['none', 'command', 'vss'],
      default: 'none',
      about: 'Who takes it: whoever asks (none), a command of yours, or a Windows Server by a shadow copy (vss).',
    },
    'taker-command': {
      type: 'list',
      of: 'argv',
      example: '/usr/local/sbin/take-snapshot, --volume, data',
      about: 'Program and arguments, by comma, that take the snapshot while everything is frozen.',
    },
  },
  vss: {
    volumes: {
      type: 'list',
      of: 'volume',
      example: 'C:, E:\\data',
      about: "Volumes to make shadow copies of; left out: all of NTFS or ReFS but Azure's temporary disk.",
    },
    'backup-type': {
      type: 'choice',
      of: ['copy', 'full'],
      default: 'copy',
      about: 'What writers are told: copy leaves the log chains of databases alone, full truncates logs.',
    },
    keep: {
      type: 'count',
      default: '1',
      min: 0,
      // As many as Windows has of those of shared folders; each costs writes.
      max: 64,
      about: 'How many sets of shadow copies stay; with 0 they are deleted when the run ends.',
    },
  },
  freeze: {
    exclude: {
      type: 'list',
      of: 'exclusion',
      example: '/mnt/scratch*, type:nilfs2, device:/dev/sdb1',
      about: 'File systems that are left alone: globs of mount points, type:NAME or device:/dev/NAME.',
    },
    expedite: {
      type: 'switch',
      default: 'yes',
      about: 'Let the kernel hurry while freezing (rcu_expedited): shorter stalls, a little more work.',
    },
  },
  scripts: {
    pre: {
      type: 'path',
      example: '/usr/local/sbin/before-snapshot',
      about: 'Program that is run before applications are quiesced.',
    },
    post: {
      type: 'path',
      example: '/usr/local/sbin/after-snapshot',
      about: 'Program that is run after everything was let go, whatever happened before.',
    },
    'qemu-hooks': {
      type: 'path',
      example: '/etc/qemu/fsfreeze-hook.d',
      about: "Folder of hooks written for QEMU's guest agent: each is called with freeze and thaw.",
    },
    'vmware-scripts': {
      type: 'path',
      example: '/etc/vmware-tools/backupScripts.d',
      about: "Folder of VMware's backup scripts: each is called with freeze, and thaw or freezeFail.",
    },
    timeout: {
      type: 'duration',
      default: '30s',
      min: '1s',
      max: '30m',
      about: 'The longest time that each of the two may take, with all its retries.',
    },
    retries: {
      type: 'count',
      default: '0',
      min: 0,
      max: 10,
      about: 'How often a script that failed is run again.',
    },
  },
  schedule: {
    readiness: {
      type: 'duration',
      orOff: true,
      default: '6h',
      min: '1m',
      max: '168h',
      about: 'How often the readiness checks run by themselves, or off.',
    },
    rehearsal: {
      type: 'cron',
      default: 'off',
      example: '30 3 * * sun',
      about: 'When to rehearse a snapshot: minute, hour, day of month, month, day of week; or off.',
    },
  },
  proxy: {
    url: {
      type: 'url',
      secret: true,
      example: 'http://proxy.example:3128',
      about: 'The HTTP proxy on the way to Azure: http://HOST:PORT, without user or password.',
    },
    bypass: {
      type: 'list',
      of: 'host',
      example: '168.63.129.16, 169.254.169.254, .internal.example',
      about: 'Hosts, domains and networks that are reached without the proxy.',
    },
    endpoints: {
      type: 'list',
      of: 'endpoint',
      example: 'account.blob.core.windows.net, vault.internal.example:8443',
      about: "Whom proxy test and the checks try to reach by HTTPS, instead of Azure's own names.",
    },
    manage: {
      type: 'switch',
      default: 'no',
      about: 'Keep the proxy of the system, the VM agent and other programs as it is set here.',
    },
  },
  notify: {
    'on-failure': {
      type: 'path',
      example: '/usr/local/sbin/tell-us',
      about: 'Program that is run when a check finds something new that is wrong.',
    },
    url: {
      type: 'url',
      secret: true,
      example: 'https://monitor.example/hook/7f3a',
      about: 'Address that the same is posted to, as JSON.',
    },
  },
  report: {
    prometheus: {
      type: 'path',
      example: '/var/lib/prometheus/node-exporter/quiesced.prom',
      about: 'File, NAME.prom, that the results are written to for the textfile collector.',
    },
  },
  log: {
    level: { type: 'choice', of: LOG_LEVELS, default: 'info', about: 'The least important lines that are logged.' },
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, KeySpec>>>>;

/** The keys that every `[quiescer NAME]` knows; the others belong to the quiescer and are checked by it. */
export const QUIESCER_KEYS = {
  enabled: { type: 'switch', default: 'yes', about: 'Whether this application is quiesced.' },
  'on-failure': {
    type: 'choice',
    of: ['inherit', 'continue', 'abort'],
    default: 'inherit',
    about: 'When it cannot be held: a lesser snapshot, none, or as [snapshot] on-failure says (inherit).',
  },
  timeout: {
    type: 'duration',
    default: '60s',
    min: '1s',
    max: '30m',
    about: 'The longest time that it may take until the application is held.',
  },
  'lock-wait': {
    type: 'duration',
    default: '5s',
    min: '1s',
    max: '5m',
    about: 'The longest wait for a lock: others wait behind it, so one long query would stall the application.',
  },
} as const satisfies Readonly<Record<string, KeySpec>>;

/** Where a value came from. */
export type Source = { readonly from: 'default' } | FileSource;
export interface FileSource {
  readonly from: 'file';
  readonly file: string;
  readonly line: number;
}

/** `config.snapshot.frozenDeadlineMs`: the table above, in camel case, a duration with its unit. */
export type Config = { readonly [S in keyof Schema]: SectionOf<Schema[S]> } & {
  readonly quiescers: readonly QuiescerConfig[];
};

/** A `[quiescer NAME]`, in the order of first mention. */
export interface QuiescerConfig {
  readonly name: string;
  /** Of its header. */
  readonly source: FileSource;
  readonly enabled: boolean;
  readonly onFailure: 'inherit' | 'continue' | 'abort';
  readonly timeoutMs: number;
  readonly lockWaitMs: number;
  /** Every other key as it was written, for the quiescer to judge; it names the source in what it reports. */
  readonly settings: Readonly<Record<string, { readonly value: string; readonly source: FileSource }>>;
}

type Schema = typeof SCHEMA;
/** What a table of keys becomes in `Config`. */
export type SectionOf<Keys> = { readonly [K in keyof Keys & string as PropertyOf<K, Keys[K]>]: ValueOf<Keys[K]> };

type PropertyOf<K extends string, Spec> = Spec extends { type: 'duration' } ? `${Camel<K>}Ms` : Camel<K>;
type Camel<K extends string> = K extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : K;

type ValueOf<Spec> = Spec extends { type: 'switch' }
  ? boolean
  : Spec extends { type: 'choice'; of: readonly (infer Choice)[] }
    ? Choice
    : Spec extends { type: 'list' }
      ? readonly string[]
      : Spec extends { type: 'count' }
        ? number
        : Spec extends { type: 'duration' }
          ? number | (Spec extends { orOff: true } ? undefined : never)
          : string | undefined;

/** The name of a key in `Config`. */
export const propertyOf = (key: string, spec: KeySpec): string =>
  key.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase()) + (spec.type === 'duration' ? 'Ms' : '');

/** The keys of a section; undefined when there is no such section. */
export function keysOf(section: string): Readonly<Record<string, KeySpec>> | undefined {
  if (quiescerName(section) !== undefined) return QUIESCER_KEYS;
  return Object.hasOwn(SCHEMA, section) ? SCHEMA[section as keyof Schema] : undefined;
}

/** `pg.main` of `quiescer pg.main`. */
export const quiescerName = (section: string): string | undefined =>
  /^quiescer ([A-Za-z0-9][\w.@-]{0,63})$/.exec(section)?.[1];
