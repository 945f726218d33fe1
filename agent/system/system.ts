import type { Disks } from './disk-start.ts';
import type { Load } from './load-windows.ts';
import type { Programs } from './programs-windows.ts';
import type { Registry } from './registry.ts';
import type { ServiceStates } from './service-states.ts';
import type { Volumes } from './windows-volumes.ts';

export type Platform = 'linux' | 'windows';

/**
 * The only door to the machine. Every capability takes one as a parameter; nothing else reads a file, starts a
 * program, or looks at the clock.
 *
 * Paths are those of the machine (`/etc/fstab`). They are resolved below `root`, and a symbolic link found on the way
 * cannot lead out of it. Kernel interfaces (`/proc`, `/sys`, `/dev`) follow `root` too, unless the system is live.
 */
export interface System {
  readonly platform: Platform;
  /** `/` normally; another folder in tests and when a mounted disk is examined. */
  readonly root: string;
  /** Whether `/proc`, `/sys` and `/dev` are those of the running kernel. */
  readonly live: boolean;
  /** Effective uid 0, or an elevated token. */
  readonly privileged: boolean;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  /** On Windows, as are the seven below it. */
  readonly registry?: Registry;
  readonly services?: ServiceStates;
  readonly volumes?: Volumes;
  readonly disks?: Disks;
  readonly load?: Load;
  readonly envelopes?: Envelopes;
  readonly programs?: Programs;
  /**
   * On Windows: who owns a file or folder, and who may do what with it, as `parseSecurity` reads it. Undefined when it
   * does not exist.
   */
  readonly securityOf?: (path: string) => Promise<Uint8Array | undefined>;

  /** Text of a file, `undefined` when it (or a folder of its path) does not exist. Other errors are thrown. */
  readText(path: string, encoding?: TextEncoding): Promise<string | undefined>;
  /** Names in a folder, sorted; `undefined` when it does not exist. */
  list(path: string): Promise<readonly string[] | undefined>;
  /** Follows links; `undefined` when the path does not exist. */
  stat(path: string): Promise<FileStat | undefined>;
  /** The text of a symbolic link; `undefined` when the path does not exist or is none. */
  readLink(path: string): Promise<string | undefined>;
  /** The path as this process must open it. Throws when a link on the way makes a loop. */
  resolve(path: string): string;

  /** Replaces a file: temporary file, fsync, rename, fsync of the folder. Keeps owner and mode of what it replaces. */
  write(path: string, text: string, options?: WriteOptions): Promise<void>;
  /**
   * Creates a folder with its parents; sets the mode of the last one, also when it existed. On Windows the mode says
   * whether others than administrators may read what is in it; nobody else may write there in any case.
   */
  makeDir(path: string, mode: number): Promise<void>;
  /** Removes a file; done also when it does not exist. */
  remove(path: string): Promise<void>;
  /** Removes a folder that is empty; done also when it does not exist, or something is in it. */
  removeDir(path: string): Promise<void>;

  /** Runs a program to its end. Never throws for what the program does: see `RunResult`. */
  run(argv: readonly string[], options: RunOptions): Promise<RunResult>;
}

/** Opens what was sealed for a certificate of this machine, whose key stays where it is. */
export interface Envelopes {
  /** @param thumbprint SHA-1 of the certificate, hexadecimal. @param envelope CMS (RFC 5652), DER. */
  open(thumbprint: string, envelope: Uint8Array): Promise<Opened>;
}

/** `no-key`: the certificate, or its private key, is not here. `closed`: it cannot be opened with this key. */
export type Opened = { readonly state: 'opened'; readonly text: Buffer } | { readonly state: 'no-key' | 'closed' };

/** `latin1`: a character for each byte. For files of others, which come back byte for byte whatever they hold. */
export type TextEncoding = 'utf8' | 'latin1';

export interface WriteOptions {
  /** Of a file that is new. */
  readonly mode?: number;
  /** With `mode`, whatever stands there: for a file that is put back as it was. */
  readonly owner?: Owner;
  readonly encoding?: TextEncoding;
  /** The access list and SELinux's label of what is replaced too: for files of others. Loads koffi. */
  readonly keepAttributes?: true;
}

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

export interface Clock {
  /** Milliseconds on CLOCK_MONOTONIC: the same scale in every process of this machine, never set back. */
  monotonicMs(): number;
  now(): Date;
}

export interface FileStat {
  readonly kind: 'file' | 'directory' | 'symlink' | 'socket' | 'other';
  /** Permission bits only: 0o755. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface RunOptions {
  readonly timeoutMs: number;
  readonly input?: string;
  /** Added to a small clean environment (PATH, LANG=C.UTF-8); nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

/** How a program ended. Output is cut at 1 MiB each. */
export interface RunResult {
  readonly ended: 'exited' | 'signalled' | 'timed-out' | 'not-found' | 'not-started';
  /** `undefined` unless it exited by itself. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}
