import { ENTRANCES, type Offered, type OfferedFlag } from './offered.ts';

/** For bash(1), with or without the package bash-completion. */
export const bashCompletion = (commands: readonly Offered[]): string => `# Completion of quiesced for bash.
_quiesced() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]} words= word
  COMPREPLY=()
  if ((COMP_CWORD == 1)); then
    COMPREPLY=($(compgen -W '${[...commands.map(({ name }) => name), ...Object.keys(ENTRANCES)].join(' ')}' -- "$current"))
    return
  fi
  # What stands behind it is another program's.
  for word in "\${COMP_WORDS[@]:2:COMP_CWORD-2}"; do
    [[ $word == -- ]] && { compopt -o default; return; }
  done
  case \${COMP_WORDS[1]}:$previous in
${commands.flatMap(({ name, flags }) => flags.flatMap((flag) => afterFlag(name, flag))).join('\n')}
  esac
  case \${COMP_WORDS[1]} in
${commands.map(ofCommand).join('\n')}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -F _quiesced quiesced
`;

function afterFlag(command: string, { name, value }: OfferedFlag): readonly string[] {
  if (value === 'none') return [];
  const found = value === 'file' ? 'compopt -o default' : `COMPREPLY=($(compgen -W '${wordsOf(value)}' -- "$current"))`;
  return [`    ${command}:--${name}) ${value === 'free' ? '' : `${found}; `}return ;;`];
}

const wordsOf = (value: 'free' | readonly string[]): string => (value === 'free' ? '' : value.join(' '));

const ofCommand = ({ name, verbs, flags }: Offered): string =>
  `    ${name}) words='${[...Object.keys(verbs), ...flags.map((flag) => `--${flag.name}`)].join(' ')}' ;;`;
