import { ENTRANCES, type Offered, type OfferedFlag } from './offered.ts';

/** For zsh: found by its name, `_quiesced`, in a folder of fpath. */
export const zshCompletion = (commands: readonly Offered[]): string => `#compdef quiesced
_quiesced() {
  local -a commands
  if (( CURRENT == 2 )); then
    commands=(
${[...commands.map(({ name, about }) => [name, about]), ...Object.entries(ENTRANCES)].map(described).join('\n')}
    )
    _describe -V command commands
    return
  fi
  local command=$words[2]
  shift words
  (( CURRENT-- ))
  case $command in
${commands.map(ofCommand).join('\n')}
  esac
}
_quiesced "$@"
`;

const described = ([name = '', about = '']: readonly string[]): string => `      ${quoted(`${name}:${about}`)}`;

const ofCommand = ({ name, verbs, flags }: Offered): string => {
  const oneOf = Object.keys(verbs).length === 0 ? [] : [quoted(`1:what:(${Object.keys(verbs).join(' ')})`)];
  return `    ${name}) _arguments ${[...oneOf, ...flags.map(argument)].join(' ')} ${quoted('*:: :_default')} ;;`;
};

const argument = ({ name, about, value }: OfferedFlag): string =>
  quoted(`*--${name}[${about.replace(/[[\]:\\]/g, '\\$&')}]${afterFlag(value)}`);

function afterFlag(value: OfferedFlag['value']): string {
  if (value === 'none') return '';
  if (value === 'file') return ':file:_files';
  return value === 'free' ? ':value: ' : `:value:(${value.join(' ')})`;
}

const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;
