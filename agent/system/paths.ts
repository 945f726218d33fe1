import { type PlatformPath, posix, win32 } from 'node:path';
import type { Platform } from './system.ts';

/** Where things are. A value that differs by platform stands here and nowhere else. */
export interface Paths {
  readonly configFile: string;
  readonly configDropIns: string;
  readonly hooks: string;
  /** Gone at reboot: lock, status, what is frozen. Must be on a file system that is never frozen. */
  readonly runtime: string;
  readonly control: string;
  readonly journal: string;
  /** Lasts: what is owed, history. */
  readonly state: string;
  /** Of the service, where nobody else keeps one. */
  readonly log: string;
}

export const PATHS: Readonly<Record<Platform, Paths>> = {
  linux: {
    configFile: '/etc/quiesced/quiesced.conf',
    configDropIns: '/etc/quiesced/quiesced.conf.d',
    hooks: '/etc/quiesced/hooks.d',
    runtime: '/run/quiesced',
    control: '/run/quiesced/control',
    journal: '/run/quiesced/journal',
    state: '/var/lib/quiesced',
    log: '/var/log/quiesced',
  },
  windows: {
    configFile: 'C:\\ProgramData\\quiesced\\quiesced.conf',
    configDropIns: 'C:\\ProgramData\\quiesced\\quiesced.conf.d',
    hooks: 'C:\\ProgramData\\quiesced\\hooks.d',
    runtime: 'C:\\ProgramData\\quiesced\\run',
    control: '\\\\.\\pipe\\quiesced',
    journal: 'C:\\ProgramData\\quiesced\\run\\journal',
    state: 'C:\\ProgramData\\quiesced\\state',
    log: 'C:\\ProgramData\\quiesced\\log',
  },
};

/** How paths are written there, wherever this runs. */
export const PATH_STYLE: Readonly<Record<Platform, PlatformPath>> = { linux: posix, windows: win32 };
