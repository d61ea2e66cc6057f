/** Completion for zsh, with descriptions. */
import type { CommandModel, FlagModel } from './model.ts';
import { allFlags, flatten, namesOf } from './model.ts';

export function zshCompletion(root: CommandModel): string {
  const commands = flatten(root);
  const steps = commands
    .filter((command) => command.path.length > 0)
    .map((command) => `      ${key(command.path)}) place=${key(command.path)} ;;`);
  const cases = commands.map((command) => {
    const flags = command.flags.flatMap((flag) => (flag.long ? [entry(flag.long, flag.description)] : []));
    const children = command.children.map((child) => entry(child.path.at(-1)!, child.summary));
    return `    ${key(command.path)})
      flags=(${flags.join(' ')})
      verbs=(${children.join(' ')}) ;;`;
  });
  const free = allFlags(root).filter((flag) => flag.value === 'path' || flag.value === 'text');
  const choices = allFlags(root).flatMap((flag) => choiceCase(flag));
  return `#compdef holdfast
_holdfast() {
  local place='' i
  local -a flags verbs
  for ((i = 2; i < CURRENT; i++)); do
    case "\${words[i-1]}" in ${free.flatMap(namesOf).join('|')}) continue ;; esac
    case "$place/\${words[i]}" in
${steps.join('\n')}
    esac
  done
  case "\${words[CURRENT-1]}" in
${choices.join('\n')}
    ${free.flatMap(namesOf).join('|')}) _files; return ;;
  esac
  case "$place" in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o flag flags
  elif (( \${#verbs} )); then
    _describe verb verbs
  else
    _files
  fi
}
if [[ $funcstack[1] == _holdfast ]]; then _holdfast "$@"; else compdef _holdfast holdfast; fi
`;
}

function choiceCase(flag: FlagModel): string[] {
  if (typeof flag.value === 'string') return [];
  return [`    ${namesOf(flag).join('|')}) compadd -- ${flag.value.join(' ')}; return ;;`];
}

function entry(name: string, description: string): string {
  const text = `${name}:${description.replaceAll(':', '\\:')}`;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function key(path: readonly string[]): string {
  return path.length === 0 ? "''" : `/${path.join('/')}`;
}
