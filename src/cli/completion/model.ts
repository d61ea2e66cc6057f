/** What the shells have to know of the command tree, in the one form that all three generators read. */
import type { Command, Option } from 'commander';

export interface FlagModel {
  readonly long: string | undefined;
  readonly short: string | undefined;
  readonly description: string;
  /** what its value is: nothing, one of some words, a path, or anything */
  readonly value: 'none' | 'path' | 'text' | readonly string[];
}

export interface CommandModel {
  /** [] for the program, ['key', 'add'] for a verb of a verb */
  readonly path: readonly string[];
  readonly summary: string;
  readonly flags: readonly FlagModel[];
  readonly children: readonly CommandModel[];
}

const pathValues = /<(file|directory|repository|path|target)>/;

/** The model of `command` and all below it; hidden commands and flags are left out. */
export function commandModel(command: Command, path: readonly string[] = []): CommandModel {
  const help = command.createHelp();
  const children = help.visibleCommands(command).filter((child) => child.name() !== 'help');
  return {
    path,
    summary: command.summary() || command.description(),
    flags: command.options.filter((option) => !option.hidden).map(flagModel),
    children: children.map((child) => commandModel(child, [...path, child.name()])),
  };
}

/** The model and all models below it, outermost first. */
export function flatten(model: CommandModel): CommandModel[] {
  return [model, ...model.children.flatMap(flatten)];
}

/** Every flag of the tree once, by name. */
export function allFlags(model: CommandModel): FlagModel[] {
  const flags = flatten(model).flatMap((command) => command.flags);
  return [...new Map(flags.map((flag) => [`${flag.long} ${flag.short}`, flag])).values()];
}

/** "--repo" and "-r", those that there are. */
export function namesOf(flag: FlagModel): string[] {
  return [flag.long, flag.short].filter((name) => name !== undefined);
}

function flagModel(option: Option): FlagModel {
  const path = pathValues.test(option.flags) ? 'path' : 'text';
  const value = option.isBoolean() || option.negate ? 'none' : (option.argChoices ?? path);
  return { long: option.long, short: option.short, description: option.description, value };
}
