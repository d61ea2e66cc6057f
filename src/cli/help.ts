/** The form of the help: verbs before flags, and the flags of every verb only where all verbs are listed. */
import type { Command, Help, Option } from 'commander';
import { globalHeading } from './global-options.ts';

/** For commander's configureHelp. */
export function formatHelp(command: Command, helper: Help): string {
  const verbs = helper
    .visibleCommands(command)
    .map((verb) => [verb.name(), verb.summary() || verb.description()] as const);
  const options = helper.visibleOptions(command);
  const isGlobal = (option: Option): boolean => option.helpGroupHeading === globalHeading;
  const own = options.filter((option) => !isGlobal(option));
  const global = command.parent ? [] : options.filter(isGlobal);
  return [
    `Usage: ${helper.commandUsage(command)}`,
    command.description(),
    section('Verbs:', verbs, helper),
    section('Flags:', own.map(optionRow), helper),
    section(globalHeading, global.map(optionRow), helper),
  ]
    .filter((part) => part !== '')
    .join('\n\n')
    .concat('\n');
}

function optionRow(option: Option): readonly [string, string] {
  const { argChoices, defaultValue } = option;
  const notes = [
    ...(argChoices ? [argChoices.join(', ')] : []),
    ...(typeof defaultValue === 'string' ? [`default: ${defaultValue}`] : []),
  ];
  const text = notes.length > 0 ? `${option.description} (${notes.join('; ')})` : option.description;
  return [option.short ? option.flags : `    ${option.flags}`, text];
}

/** Terms in a column as wide as the longest usual one, texts wrapped beside it. */
function section(heading: string, rows: readonly (readonly [string, string])[], helper: Help): string {
  if (rows.length === 0) return '';
  const width = Math.min(34, Math.max(...rows.map(([term]) => term.length)));
  const indent = ' '.repeat(width + 4);
  const columns = Math.max(40, (helper.helpWidth ?? 80) - indent.length);
  const lines = rows.map(([term, text]) => {
    const wrapped = helper.boxWrap(text, columns).split('\n').join(`\n${indent}`);
    const gap = term.length > width ? `\n${indent}` : ' '.repeat(width - term.length + 2);
    return `  ${term}${gap}${wrapped}`;
  });
  return [heading, ...lines].join('\n');
}
