import { versionOf } from '../../agent/cli/version.ts';
import type { Platform } from '../../agent/system/system.ts';

/** The VM extension, as Azure knows it: the one place that name and version come from. */
export const EXTENSION = {
  publisher: 'Quiesced',
  /** Without a hyphen: the VM agent splits name from version at the first one. */
  type: { linux: 'BackupLinux', windows: 'BackupWindows' },
} as const;

export const extensionName = (platform: Platform): string => `${EXTENSION.publisher}.${EXTENSION.type[platform]}`;

/** Four numbers, of which Azure compares each. */
export const extensionVersion = (): string => `${versionOf()}.0`;
