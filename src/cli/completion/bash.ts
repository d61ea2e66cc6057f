/** Completion for bash. */
import type { CommandModel } from './model.ts';
import { allFlags, flatten, namesOf } from './model.ts';

export function bashCompletion(root: CommandModel): string {
  const commands = flatten(root);
  const steps = commands
    .filter((command) => command.path.length > 0)
    .map((command) => `      ${key(command.path)}) path=${key(command.path)} ;;`);
  const flags = commands.map((command) => {
    const names = command.flags.flatMap((flag) => (flag.long ? [flag.long] : []));
    return `      ${key(command.path)}) words='${names.join(' ')}' ;;`;
  });
  const children = commands
    .filter((command) => command.children.length > 0)
    .map(
      (command) =>
        `      ${key(command.path)}) words='${command.children.map((child) => child.path.at(-1)).join(' ')}' ;;`,
    );
  const choices = allFlags(root).flatMap((flag) =>
    typeof flag.value === 'string'
      ? []
      : [`    ${namesOf(flag).join('|')}) words='${flag.value.join(' ')}' ;;`],
  );
  const valued = allFlags(root).filter((flag) => flag.value !== 'none' && typeof flag.value === 'string');
  const free = valued.flatMap(namesOf).join('|');
  return `# bash completion for holdfast
_holdfast() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} path='' words='' i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case "\${COMP_WORDS[i-1]}" in ${free}) continue ;; esac
    case "$path/\${COMP_WORDS[i]}" in
${steps.join('\n')}
    esac
  done
  COMPREPLY=()
  case "$prev" in
${choices.join('\n')}
    ${free}) return ;;
  esac
  if [[ -z $words && $cur == -* ]]; then
    case "$path" in
${flags.join('\n')}
    esac
  elif [[ -z $words ]]; then
    case "$path" in
${children.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o bashdefault -o default -F _holdfast holdfast
`;
}

function key(path: readonly string[]): string {
  return path.length === 0 ? "''" : `/${path.join('/')}`;
}
