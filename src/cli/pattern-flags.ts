/** The flags --exclude, --include and their relatives, with the patterns of the files that they name. */
import type { Command } from 'commander';
import { Option } from 'commander';
import type { Environment } from './environment.ts';
import { collect } from './values.ts';

export interface ExcludeFlags {
  exclude?: string[];
  iexclude?: string[];
  excludeFile?: string[];
  iexcludeFile?: string[];
}

export interface IncludeFlags {
  include?: string[];
  iinclude?: string[];
  includeFile?: string[];
  iincludeFile?: string[];
}

export interface Patterns {
  readonly excludes: readonly string[];
  readonly insensitiveExcludes: readonly string[];
  readonly includes: readonly string[];
  readonly insensitiveIncludes: readonly string[];
}

export function addExcludeFlags(command: Command): Command {
  return command
    .addOption(new Option('-e, --exclude <pattern>', 'leave out what matches').argParser(collect))
    .addOption(new Option('--iexclude <pattern>', 'the same, whatever the case').argParser(collect))
    .addOption(new Option('--exclude-file <file>', 'file of --exclude patterns').argParser(collect))
    .addOption(new Option('--iexclude-file <file>', 'file of --iexclude patterns').argParser(collect));
}

export function addIncludeFlags(command: Command): Command {
  return command
    .addOption(new Option('-i, --include <pattern>', 'take only what matches').argParser(collect))
    .addOption(new Option('--iinclude <pattern>', 'the same, whatever the case').argParser(collect))
    .addOption(new Option('--include-file <file>', 'file of --include patterns').argParser(collect))
    .addOption(new Option('--iinclude-file <file>', 'file of --iinclude patterns').argParser(collect));
}

/** All patterns, those of files included; variables in these are expanded. */
export async function readPatterns(
  flags: ExcludeFlags & IncludeFlags,
  environment: Environment,
): Promise<Patterns> {
  const { readPatternFile } = await import('../sources/patterns/pattern-file.ts');
  const all = (patterns: readonly string[] = [], files: readonly string[] = []): string[] => [
    ...patterns,
    ...files.flatMap((file) => readPatternFile(file, environment)),
  ];
  return {
    excludes: all(flags.exclude, flags.excludeFile),
    insensitiveExcludes: all(flags.iexclude, flags.iexcludeFile),
    includes: all(flags.include, flags.includeFile),
    insensitiveIncludes: all(flags.iinclude, flags.iincludeFile),
  };
}
