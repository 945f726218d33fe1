import { UserError } from '../errors.ts';

/** A program and its arguments; never a line for a shell. */
export interface Command {
  /** Absolute, as it is called on this machine. */
  readonly path: string;
  readonly args: readonly string[];
}

/**
 * What runs before the applications are quiesced (`pre`) and after everything is released (`post`). Plain JSON: it is
 * recorded before `pre` starts, and another process runs `post` from the record after a crash or a reboot.
 */
export interface Script {
  readonly source: 'azure' | 'config' | HookSource;
  /** For people: the plugin's name, `[scripts]`, the hook's file name. */
  readonly name: string;
  readonly pre?: Command;
  /** A hook's last argument, `thaw` or `freeze-failed`, is added when it runs. */
  readonly post?: Command;
  /** For `pre` and for `post`, each with all its retries, as Azure documents it for its own. */
  readonly timeoutMs: number;
  readonly preRetries: number;
  readonly postRetries: number;
  /** Its own configuration says that there is to be no snapshot when `pre` fails. */
  readonly required: boolean;
}

/** Whose folder a hook comes from: its words are those that its author knows. */
export type HookSource = keyof typeof HOOK_WORDS;

/**
 * The argument after a freeze that was held, and after one that was not. QEMU's dispatcher knows one word for both;
 * VMware's: "Custom quiescing scripts", https://techdocs.broadcom.com (vmbackup plug-in of open-vm-tools).
 */
export const HOOK_WORDS = {
  hook: { held: 'thaw', failed: 'freeze-failed' },
  'qemu-hook': { held: 'thaw', failed: 'thaw' },
  'vmware-hook': { held: 'thaw', failed: 'freezeFail' },
} as const;

export const isHook = (source: Script['source']): source is HookSource => Object.hasOwn(HOOK_WORDS, source);

/** A post command that must still run, whatever happens meanwhile. */
export interface OwedScript {
  /** Of the snapshot that the pre command was run for. */
  readonly runId: string;
  readonly script: Script;
  /**
   * Only until the pre command has ended: the mark (`QUIESCED_RUN`) of its processes, which must be gone before the
   * post command starts. What a pre command left running when it ended is meant to run.
   */
  readonly mark?: string;
}

export type ScriptStage = 'pre' | 'post';

/** What went wrong with a script or with the file that names it. */
export class ScriptError extends UserError {
  readonly about: AboutScript;

  constructor(code: string, message: string, about: AboutScript & { remedy?: string; cause?: unknown } = {}) {
    const { remedy, cause, ...rest } = about;
    super(code, message, { ...(remedy === undefined ? {} : { remedy }), cause });
    this.name = 'ScriptError';
    this.about = rest;
  }
}

export interface AboutScript {
  /** Name of the script. */
  readonly script?: string;
  readonly stage?: ScriptStage;
  /** The file at fault, and where in it. */
  readonly file?: string;
  readonly key?: string;
  readonly line?: number;
  /** The number by which Microsoft's extension reports it: reference/vmsnapshot-linux.md §7. */
  readonly azureCode?: number;
  /** `true`: by its own configuration there is to be no snapshot now. Absent where no configuration says. */
  readonly required?: boolean;
  /** Last lines that the script printed, redacted. */
  readonly output?: string;
}

/** `FailedPrepost…` of vmsnapshot-linux.md §7: one number before the snapshot, another after it. */
export const AZURE_CODES = {
  failed: { pre: 300, post: 301 },
  missing: { pre: 302, post: 303 },
  permissions: { pre: 306, post: 307 },
  timeout: { pre: 308, post: 309 },
  hostConfigParsing: 304,
  configParsing: 305,
  hostConfigPermissions: 314,
  configPermissions: 317,
} as const;
