import type { System } from './system.ts';

/** How a program of Windows is started: what `spawn` takes. */
export interface WindowsCommand {
  readonly file: string;
  readonly args: readonly string[];
  /** The arguments are one line already, and not to be quoted any more. */
  readonly verbatim: boolean;
}

/** What starts a file, by its extension, in any case: itself, the command interpreter, or PowerShell. */
export type WindowsProgram = 'itself' | 'cmd' | 'powershell';

export function windowsProgram(path: string): WindowsProgram | undefined {
  switch (/\.([^.\\/]+)$/.exec(path)?.[1]?.toLowerCase()) {
    case 'exe':
    case 'com':
      return 'itself';
    case 'cmd':
    case 'bat':
      return 'cmd';
    case 'ps1':
      return 'powershell';
    default:
      return undefined;
  }
}

/**
 * With what runs the file before it, in full: the folder of a script must not be searched for it. A name without an
 * extension is looked up by Windows, as an `.exe`.
 */
export function windowsCommand({ env }: Pick<System, 'env'>, [file = '', ...args]: readonly string[]): WindowsCommand {
  const windows = `${env.SystemRoot ?? 'C:\\Windows'}\\System32`;
  switch (windowsProgram(file)) {
    case 'cmd':
      return {
        file: `${windows}\\cmd.exe`,
        args: ['/d', '/s', '/v:off', '/c', cmdLine([file, ...args])],
        verbatim: true,
      };
    case 'powershell': {
      const powershell = `${windows}\\WindowsPowerShell\\v1.0\\powershell.exe`;
      const how = ['-NoProfile', '-NonInteractive', '-ExecutionPolicy', 'Bypass', '-File'];
      return { file: powershell, args: [...how, file, ...args], verbatim: false };
    }
    default:
      return { file, args, verbatim: false };
  }
}

/**
 * With /s the interpreter takes off the first and the last quotation mark, whatever stands between. Within quotation
 * marks it leaves all alone but `%`, which expands variables and cannot be escaped (see `cmdCannotTake`).
 */
const cmdLine = (words: readonly string[]): string => `"${words.map(quoted).join(' ')}"`;

/** Only where it must be: a script finds the marks in `%1`. */
const quoted = (word: string): string => (/^[\w.:\\/+-]+$/.test(word) ? word : `"${word}"`);

/** Whether the command interpreter would take a word for something else than what it says. */
export const cmdCannotTake = (word: string): boolean => /[%"\r\n]/.test(word);
