/**
 * vmbackup.conf by the rules of Python's configparser, with which the extension reads it (VMBackup/main, 2025): what
 * it would do is what counts.
 */
export interface VmbackupConf {
  /** By section, then by key in lower case: sections are told apart by case, keys are not. */
  readonly sections: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The first line that makes the parser throw: then the extension goes on as if there were no file. */
  readonly broken: { readonly line: number; readonly problem: string } | undefined;
}

/** Total: any text has a reading. */
export function parseVmbackupConf(text: string): VmbackupConf {
  const sections = new Map<string, Map<string, string>>();
  let section: Map<string, string> | undefined;
  let key: string | undefined;
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    const broken = (problem: string) => ({ sections, broken: { line: index + 1, problem } });
    if (/^\s*([#;]|$)/.test(line)) continue;
    // A line that is indented goes on with the value before it.
    if (/^\s/.test(line) && section !== undefined && key !== undefined) {
      section.set(key, `${section.get(key)}\n${line.trim()}`);
      continue;
    }
    const name = /^\[(.+)\]/.exec(line.trim())?.[1];
    if (name !== undefined) {
      if (sections.has(name)) return broken(`section [${name}] is there twice`);
      section = new Map();
      sections.set(name, section);
      key = undefined;
      continue;
    }
    const [, left, right] = /^([^=:]+)[=:](.*)$/.exec(line.trim()) ?? [];
    if (section === undefined) return broken('stands before the first [section]');
    if (left === undefined || right === undefined) return broken('is neither a section nor key = value');
    key = left.trim().toLowerCase();
    if (section.has(key)) return broken(`${key} is there twice`);
    section.set(key, right.trim());
  }
  return { sections, broken: undefined };
}

/** What the extension looks up; nothing else of the file has an effect. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  SnapshotThread: [
    'timeout',
    'safefreezewaitinseconds',
    'mountstoskip',
    'snapshotmethod',
    'seqsnapshot',
    'uploadstatusandlog',
    'writelog',
    'loggingoff',
    'onlylocalfilesystems',
    'sudo_off',
    'disable_logging',
    'async_event_logging',
    'onappfailuredofsfreeze',
    'onappsuccessdofsfreeze',
  ],
  Monitor: ['run', 'strace', 'location'],
  lsblkUser: ['username'],
};
const NUMBERS = ['timeout', 'safefreezewaitinseconds', 'seqsnapshot', 'loggingoff'];
/** A text is compared with True and False, so every value means "freeze". */
const DEAD = ['onappfailuredofsfreeze', 'onappsuccessdofsfreeze'];

/** What its writer may have meant otherwise, in words; `mountPoints` are those there are. */
export function oddities({ sections, broken }: VmbackupConf, mountPoints: readonly string[]): readonly string[] {
  if (broken !== undefined) return [`line ${broken.line} ${broken.problem}, so the whole file is ignored`];
  return [...sections].flatMap(([section, values]) => {
    const known = Object.hasOwn(KEYS, section) ? KEYS[section] : undefined;
    if (known === undefined) return [`nobody reads section [${section}]`];
    return [...values].flatMap(([key, value]) => {
      if (!known.includes(key)) return [`nobody reads ${key}`];
      if (DEAD.includes(key)) return [`${key} has no effect: the extension freezes whatever it says`];
      if (NUMBERS.includes(key) && !/^\d+$/.test(value)) return [`${key} is no number: ${value}`];
      return key === 'mountstoskip' ? skipOddities(value, mountPoints) : [];
    });
  });
}

/** Compared with exact mount points, blanks and all; `/` is frozen whatever the list says. */
function skipOddities(value: string, mountPoints: readonly string[]): readonly string[] {
  return value.split(',').flatMap((entry) => {
    if (entry === '') return [];
    if (entry !== entry.trim()) return [`MountsToSkip: blanks around "${entry.trim()}" keep it from being found`];
    if (entry === '/') return ['MountsToSkip: / cannot be left out'];
    return mountPoints.includes(entry) ? [] : [`MountsToSkip: ${entry} is no mount point`];
  });
}

/** The mount points that the extension will not freeze. */
export const skippedMounts = ({ sections, broken }: VmbackupConf, mountPoints: readonly string[]): readonly string[] =>
  broken === undefined
    ? (sections.get('SnapshotThread')?.get('mountstoskip') ?? '')
        .split(',')
        .filter((entry) => entry !== '/' && mountPoints.includes(entry))
    : [];
