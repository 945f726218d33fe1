import { readPythonConfig } from '../config/python-config.ts';
import type { QuiescerConfig } from '../config/schema.ts';
import { UserError } from '../errors.ts';
import type { System } from '../system/system.ts';
import { distrust } from '../system/trust.ts';

/** Microsoft's own file of what its extension is to hold. */
export const WORKLOAD_CONF = '/etc/azure/workload.conf';

/** What the file asks for, as a quiescer of ours. */
export interface Workload {
  /** As `createQuiescers` takes it. */
  readonly quiescer: QuiescerConfig;
  /** What it asks for besides, and what becomes of that. */
  readonly warnings: readonly string[];
}

/** By the numbers under which Microsoft's extension reports them: 500 to 512, in this order. */
export const WORKLOAD_CODES = {
  preError: 500,
  confParsing: 501,
  invalidRole: 502,
  invalidName: 503,
  postError: 504,
  authorizationMissing: 505,
  connection: 506,
  ipcFolderMissing: 507,
  statusChanged: 508,
  quiescing: 509,
  quiescingTimeout: 510,
  noArchiveLog: 511,
  logModeChanged: 512,
} as const;
export type WorkloadCode = (typeof WORKLOAD_CODES)[keyof typeof WORKLOAD_CODES];

/** The file cannot be honoured. */
export class WorkloadError extends UserError {
  readonly azureCode: WorkloadCode;

  constructor(azureCode: WorkloadCode, message: string, remedy: string, cause?: unknown) {
    super('workload.config', `${WORKLOAD_CONF}: ${message}`, { remedy, cause });
    this.name = 'WorkloadError';
    this.azureCode = azureCode;
  }
}

/** What the file asks for; undefined where there is none, or it names no workload. Throws a `WorkloadError`. */
export async function readWorkload(system: System): Promise<Workload | undefined> {
  // On Windows there is no such file of Microsoft's, and every user may make one of this name.
  if (system.platform === 'windows') return undefined;
  const text = await system.readText(WORKLOAD_CONF);
  if (text === undefined) return undefined;
  // It names programs, and users to run them as.
  const found = system.live ? await distrust(system, WORKLOAD_CONF) : undefined;
  if (found !== undefined) throw new WorkloadError(WORKLOAD_CODES.confParsing, found.what, found.remedy);
  return parseWorkload(text);
}

/** The same from its text. */
export function parseWorkload(text: string): Workload | undefined {
  const fault = (what: string, { line, key }: { readonly line: number; readonly key?: string }) =>
    wrong(`line ${line}${key === undefined ? '' : `, ${key}`}: ${what}`);
  const entries = readPythonConfig(text, 'workload', fault);
  const of = (key: string): string | undefined => unquoted(entries.get(key.toLowerCase())?.value);
  const name = of('workload_name')?.toLowerCase();
  if (name === undefined) return undefined;
  const make = Object.hasOwn(WORKLOADS, name) ? WORKLOADS[name as keyof typeof WORKLOADS] : undefined;
  if (make === undefined) {
    throw new WorkloadError(
      WORKLOAD_CODES.invalidName,
      `workload_name = ${name} is not known`,
      `It may be ${Object.keys(WORKLOADS).join(', ')}.`,
    );
  }
  mustBePossible(of);
  const timeout = of('timeout') ?? '90';
  if (!/^\d{1,4}$/.test(timeout) || Number(timeout) === 0) throw wrong(`timeout = ${timeout} is no number of seconds`);
  const lines = [...entries.values()].map(({ line }) => line);
  const source = { from: 'file', file: WORKLOAD_CONF, line: Math.min(...lines) } as const;
  const { kind, settings } = make(of);
  return {
    quiescer: {
      name: `${kind}.workload`,
      source,
      enabled: true,
      onFailure: 'inherit',
      timeoutMs: Math.min(Number(timeout), 1800) * 1000,
      lockWaitMs: 5000,
      settings: Object.fromEntries(
        Object.entries(settings).flatMap(([key, value]) => (value === undefined ? [] : [[key, { value, source }]])),
      ),
    },
    warnings:
      readPythonConfig(text, 'logbackup', fault).size === 0
        ? []
        : ['[logbackup] is not done by quiesced: its lines are ignored'],
  };
}

type Of = (key: string) => string | undefined;
interface Made {
  readonly kind: string;
  readonly settings: Readonly<Record<string, string | undefined>>;
}

const IN_BACKUP_MODE = "from v$backup where status = 'ACTIVE';";

const WORKLOADS: Readonly<Record<'oracle' | 'mysql' | 'mariadb' | 'postgres', (of: Of) => Made>> = {
  mysql: (of) => mysqlLike(of, 'mysql'),
  mariadb: (of) => mysqlLike(of, 'mariadb'),
  postgres(of) {
    if (of('credString') !== undefined) {
      throw wrong(
        'credString is for MySQL: psql takes none',
        'Let linux_user log in by itself (peer), or give him a ~/.pgpass.',
      );
    }
    // What upstream does there, the exclusive backup, is gone since 15, and was never looked after.
    return { kind: 'postgresql', settings: { mode: 'checkpoint', user: of('linux_user'), client: inPath(of, 'psql') } };
  },
  oracle(of) {
    if (of('configuration_path') !== undefined) {
      throw wrong(
        'configuration_path: several instances at once are not done',
        'Describe each as [quiescer session.NAME]: docs/quiescers.md, "Oracle".',
      );
    }
    const sqlplus = inPath(of, 'sqlplus') ?? '/usr/bin/sqlplus';
    return {
      kind: 'session',
      settings: {
        client: `${sqlplus}, -S, -L, / as sysbackup`,
        user: of('linux_user') ?? 'oracle',
        before: 'whenever sqlerror exit failure',
        'before-2': `select 'quiesced ' || decode(count(*), 0, 'free', 'no: files are in backup mode') ${IN_BACKUP_MODE}`,
        free: '*quiesced free*',
        denied: '*quiesced no*',
        'denied-2': 'ORA-01146*',
        hold: 'whenever sqlerror exit failure',
        'hold-2': 'alter database begin backup;',
        held: 'Database altered*',
        verify: `select 'quiesced ' || decode(count(*), 0, 'no: somebody has ended it', 'still') ${IN_BACKUP_MODE}`,
        verified: '*quiesced still*',
        release: 'alter database end backup;',
        'release-2': 'alter system archive log current;',
        released: 'System altered*',
        outlives: 'yes',
        blocks: 'nothing',
        covers: 'oracle',
      },
    };
  },
};

function mysqlLike(of: Of, kind: 'mysql' | 'mariadb'): Made {
  const credentials = of('credString');
  if (credentials === undefined && of('linux_user') === undefined) {
    throw new WorkloadError(
      WORKLOAD_CODES.authorizationMissing,
      'neither credString nor linux_user is there',
      'Give one of them.',
    );
  }
  const [, option, value] = /^--(defaults-extra-file|login-path)=(\S+)$/.exec(credentials ?? '') ?? [];
  if (credentials !== undefined && option === undefined) {
    throw wrong(
      'credString may be --defaults-extra-file=PATH or --login-path=NAME alone',
      'Put the rest into that option file.',
    );
  }
  return {
    kind,
    settings: {
      user: of('linux_user'),
      client: inPath(of, kind === 'mysql' ? 'mysql' : 'mariadb'),
      'option-file': option === 'defaults-extra-file' ? value : undefined,
      'login-path': option === 'login-path' ? value : undefined,
    },
  };
}

/** Asked of every workload; what upstream does to replication and by lists of databases is a stub or does harm there. */
function mustBePossible(of: Of): void {
  const role = of('role')?.toLowerCase() ?? 'master';
  if (role !== 'master' && role !== 'slave') {
    throw new WorkloadError(
      WORKLOAD_CODES.invalidRole,
      `role = ${role} is neither master nor slave`,
      'Write one of them.',
    );
  }
  if (role === 'master' && !['0', undefined].includes(of('enforceSlaveOnly'))) {
    throw new WorkloadError(
      WORKLOAD_CODES.invalidRole,
      'enforceSlaveOnly is set, and role is master',
      'Have the backup on a replica, with role = slave.',
    );
  }
  const dbnames = of('dbnames');
  if (dbnames !== undefined && dbnames !== '[]')
    throw wrong('dbnames: a server is held as a whole', 'Remove the line.');
  if (!['0', undefined].includes(of('customScriptEnabled'))) {
    throw wrong(
      'customScriptEnabled: scripts of the extension are not run',
      'Name yours as [scripts] pre and post in quiesced.conf.',
    );
  }
}

const wrong = (message: string, remedy = 'Correct the line, or remove it.'): WorkloadError =>
  new WorkloadError(WORKLOAD_CODES.confParsing, message, remedy);

/** `command_path` is a folder; the program is looked up where there is none. */
function inPath(of: Of, program: string): string | undefined {
  const folder = of('command_path');
  if (folder === undefined) return undefined;
  if (!folder.startsWith('/')) throw wrong(`command_path = ${folder} is no absolute path`);
  return `${folder.endsWith('/') ? folder : `${folder}/`}${program}`;
}

/** An empty value is as good as none, and people quote. */
function unquoted(value: string | undefined): string | undefined {
  const text = (value ?? '').replace(/^(["'])(.*)\1$/, '$2').trim();
  return text === '' ? undefined : text;
}

/** Whether a fault is of what workload.conf names, or of that file: by the titles of its quiescers. */
export const isOfWorkload = (message: string): boolean => /^(?:workload\.conf|[^:]* \(workload\)): /.test(message);

/** The number for a fault of the phase `quiesce`, as the extension would report it. */
export function workloadCodeOf({
  during,
  message,
}: {
  readonly during: string;
  readonly message: string;
}): WorkloadCode {
  const [, given] = /^workload\.conf: \((\d{3})\)/.exec(message) ?? [];
  const code = Object.values(WORKLOAD_CODES).find((each) => String(each) === given);
  if (code !== undefined) return code;
  if (during === 'verify') return WORKLOAD_CODES.quiescingTimeout;
  if (during === 'leave' || during === 'recover') return WORKLOAD_CODES.postError;
  if (/took longer than/.test(message)) return WORKLOAD_CODES.quiescing;
  if (/NOARCHIVELOG|ORA-01123/.test(message)) return WORKLOAD_CODES.noArchiveLog;
  if (/Access denied|authentication failed|\b(?:ORA-01017|1045)\b/i.test(message))
    return WORKLOAD_CODES.authorizationMissing;
  return /has ended|connect/i.test(message) ? WORKLOAD_CODES.connection : WORKLOAD_CODES.preError;
}
