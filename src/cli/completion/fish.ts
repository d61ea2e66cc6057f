/** Completion for fish, with descriptions. */
import type { CommandModel, FlagModel } from './model.ts';
import { allFlags, flatten, namesOf } from './model.ts';

export function fishCompletion(root: CommandModel): string {
  const commands = flatten(root);
  const places = commands.filter(({ path }) => path.length > 0).map(({ path }) => quote(placeOf(path)));
  const valued = allFlags(root).filter((flag) => flag.value !== 'none');
  const lines = commands.flatMap((command) => {
    const at = `complete -c holdfast -n ${quote(`__holdfast_at ${placeOf(command.path)}`)}`;
    return [
      ...command.flags.map((flag) => `${at} ${flagParts(flag)}`),
      ...command.children.map(
        (child) => `${at} -f -a ${child.path.at(-1)!} -d ${quote(firstLine(child.summary))}`,
      ),
    ];
  });
  return `# fish completion for holdfast

# Which verb the words before the cursor have led to, such as / or /key/add; values of flags are no verbs.
function __holdfast_at
  set -l words (commandline -opc)
  set -e words[1]
  set -l place /
  set -l is_value 0
  for word in $words
    if test $is_value = 1
      set is_value 0
      continue
    end
    switch $word
      case ${valued.flatMap(namesOf).join(' ')}
        set is_value 1
        continue
    end
    set -l below (string trim -r -c / -- $place)/$word
    switch $below
      case ${places.join(' ')}
        set place $below
    end
  end
  test $place = $argv[1]
end

${lines.join('\n')}
`;
}

function flagParts(flag: FlagModel): string {
  const parts: string[] = [];
  if (flag.long) parts.push(`-l ${flag.long.slice(2)}`);
  if (flag.short) parts.push(`-s ${flag.short.slice(1)}`);
  if (flag.value === 'path') parts.push('-r');
  else if (flag.value === 'text') parts.push('-x');
  else if (flag.value !== 'none') parts.push(`-x -a ${quote(flag.value.join(' '))}`);
  return `${parts.join(' ')} -d ${quote(flag.description)}`;
}

function placeOf(path: readonly string[]): string {
  return `/${path.join('/')}`;
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
