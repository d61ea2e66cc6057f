/** Completion for fish, with descriptions. */
import type { CommandModel, FlagModel } from './model.ts';
import { flatten } from './model.ts';

export function fishCompletion(root: CommandModel): string {
  const lines = flatten(root).flatMap((command) => [
    ...command.flags.map((flag) => flagLine(command, flag)),
    ...command.children.map(
      (child) =>
        `complete -c holdfast -n ${quote(`${seen(command)}; and ${noneOf(command)}`)} -f -a ${child.path.at(-1)} -d ${quote(child.summary)}`,
    ),
  ]);
  return `# fish completion for holdfast\n${lines.join('\n')}\n`;
}

function flagLine(command: CommandModel, flag: FlagModel): string {
  const parts = ['complete -c holdfast'];
  if (command.path.length > 0) parts.push(`-n ${quote(seen(command))}`);
  if (flag.long) parts.push(`-l ${flag.long.slice(2)}`);
  if (flag.short) parts.push(`-s ${flag.short.slice(1)}`);
  if (flag.value === 'path') parts.push('-r');
  else if (flag.value === 'text') parts.push('-x');
  else if (flag.value !== 'none') parts.push(`-x -a ${quote(flag.value.join(' '))}`);
  return `${parts.join(' ')} -d ${quote(flag.description)}`;
}

function seen(command: CommandModel): string {
  if (command.path.length === 0) return 'true';
  return command.path.map((word) => `__fish_seen_subcommand_from ${word}`).join('; and ');
}

function noneOf(command: CommandModel): string {
  const names = command.children.map((child) => child.path.at(-1)).join(' ');
  return `not __fish_seen_subcommand_from ${names}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
