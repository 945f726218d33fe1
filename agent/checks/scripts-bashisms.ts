/** Something that bash understands and a plain sh does not. */
export interface Bashism {
  /** From 1. */
  readonly line: number;
  readonly what: string;
}

/** At the beginning of a command. */
const COMMAND = String.raw`(?:^|[;&|({]\s*|\b(?:then|do|else|if|while|until|!)\s+)\s*`;

/** Each one that dash 0.5.12 refuses or takes for something else: checkbashisms(1) of devscripts knows more of them. */
const PATTERNS: readonly (readonly [RegExp, string])[] = [
  [new RegExp(String.raw`${COMMAND}\[\[\s`), '[[ … ]]'],
  [new RegExp(String.raw`${COMMAND}\(\(`), '(( … ))'],
  [new RegExp(String.raw`${COMMAND}\[\s[^\]]*[^!=<>]==[^=]`), '== in [ … ]'],
  [new RegExp(String.raw`${COMMAND}function\s+[\w-]+`), 'function NAME'],
  [
    new RegExp(String.raw`${COMMAND}(?:declare|typeset|let|shopt|pushd|popd|mapfile|readarray|coproc)\s`),
    'a command of bash',
  ],
  [new RegExp(String.raw`${COMMAND}source\s+\S`), 'source (write: .)'],
  [new RegExp(String.raw`${COMMAND}set\s+(?:-\S+\s+)*-\w*o\s+pipefail`), 'set -o pipefail'],
  [/(?:^|[\s;])\w+\+?=\(/, 'an array'],
  [/<<</, 'a here-string (<<<)'],
  [/(?:^|[\s=])[<>]\(/, 'process substitution'],
  [/&>>?\s*[^\s&]/, '&> (write: >FILE 2>&1)'],
  [/\|&/, '|&'],
  [/\$\{!|\$\{\w+(?:\[|\/|\^|,|:\s*\d|:\s+-\d)/, 'an expansion of bash'],
  [/\$\{?(?:BASH_\w+|PIPESTATUS|FUNCNAME)\b/, 'a variable of bash'],
];

/**
 * What keeps a script from being run by a plain sh, each kind once, where it stands first. A guess by pattern: comments,
 * here-documents and what stands in single quotes is left out; text in double quotes may still be taken for code.
 */
export function bashisms(script: string): readonly Bashism[] {
  const found = new Map<string, Bashism>();
  for (const { line, code } of codeLines(script)) {
    for (const [pattern, what] of PATTERNS) {
      if (!found.has(what) && pattern.test(code)) found.set(what, { line, what });
    }
  }
  return [...found.values()].sort((a, b) => a.line - b.line);
}

interface CodeLine {
  readonly line: number;
  readonly code: string;
}

/** Longer lines are data; and a pattern must not be kept busy by one. */
const MAX_LINE = 2000;

function codeLines(script: string): readonly CodeLine[] {
  const lines: CodeLine[] = [];
  let until: string | undefined;
  let quoted = false;
  for (const [at, raw] of script.split(/\r?\n/).entries()) {
    if (until !== undefined) {
      if (raw.trim() === until) until = undefined;
      continue;
    }
    const { code, open } = withoutQuotes(raw.slice(0, MAX_LINE), quoted);
    quoted = open;
    until = /(?<!<)<<-?\s*(?:\\)?["']?([A-Za-z_]\w*)/.exec(raw)?.[1];
    lines.push({ line: at + 1, code });
  }
  return lines;
}

/** Without comments and the contents of single quotes; `open`: a single quote goes on to the next line. */
function withoutQuotes(line: string, quoted: boolean): { readonly code: string; readonly open: boolean } {
  let code = '';
  let open = quoted;
  let double = false;
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at] ?? '';
    if (open) {
      if (character === "'") open = false;
      continue;
    }
    if (character === '\\') {
      code += line.slice(at, at + 2);
      at += 1;
    } else if (character === "'" && !double) {
      open = true;
    } else if (character === '#' && !double && /^$|\s$/.test(code)) {
      break;
    } else {
      if (character === '"') double = !double;
      code += character;
    }
  }
  return { code, open };
}
