/** `source:NAME` as the operand of a backup: what the configuration says of that source, as if it had been typed. */
import type { EffectiveSource } from '../../config/effective.ts';
import type { DatabaseSource, FileSource } from '../../config/schema/source.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { parseDuration } from '../../kernel/quantity.ts';
import { parseSecretReference } from '../../kernel/secret.ts';
import type { ArchiveFlags } from '../archive-flags.ts';
import type { BackupFlags } from '../backup-options.ts';
import type { Invocation } from '../verb.ts';
import { configPlaces } from './places.ts';

const prefix = 'source:';

export interface TypedBackup<Flags> {
  readonly operands: readonly string[];
  readonly flags: Flags;
}

/** The same when no source of the configuration is meant. Flags that were typed win. Code `usage`. */
export async function withNamedSource<Flags extends BackupFlags & ArchiveFlags>(
  { settings, environment }: Invocation,
  operands: readonly string[],
  flags: Flags,
): Promise<TypedBackup<Flags>> {
  const named = operands.find((operand) => operand.startsWith(prefix));
  if (named === undefined || flags.stdinFromCommand) return { operands, flags };
  if (operands.length > 1) {
    throw new HoldfastError('usage', 'a source of the configuration is backed up by itself', {
      hint: `${named} would be the path ./${named} if that was meant`,
    });
  }
  const { loadConfig } = await import('../../config/load.ts');
  const { effectiveConfig } = await import('../../config/effective.ts');
  const { problemLine } = await import('../../config/problem.ts');
  const { suggestion } = await import('../../config/schema/suggestion.ts');
  const config = effectiveConfig(loadConfig(configPlaces(settings.configuration, environment)));
  const name = named.slice(prefix.length);
  const source = config.sources.get(name);
  if (source) return typed(source, flags);
  const problem = config.problems.find(({ entry }) => entry?.section === 'sources' && entry.name === name);
  if (problem) throw new HoldfastError('usage', problemLine(problem));
  throw new HoldfastError(
    'usage',
    `there is no source ${name}${suggestion(name, [...config.sources.keys()])}`,
    {
      hint:
        config.place === undefined
          ? 'there is no configuration; `holdfast config init` writes one'
          : `${config.place} has ${[...config.sources.keys()].join(', ') || 'none'}`,
    },
  );
}

async function typed<Flags extends BackupFlags & ArchiveFlags>(
  source: EffectiveSource,
  flags: Flags,
): Promise<TypedBackup<Flags>> {
  const { listOf } = await import('../../config/schema/value.ts');
  const { host, tags, 'skip-if-unchanged': skipIfUnchanged } = source.settings;
  const archiveName = 'archive-name' in source.settings ? source.settings['archive-name'] : undefined;
  const common: Partial<BackupFlags & ArchiveFlags> = {
    ...(host !== undefined && { host }),
    ...(tags !== undefined && { tag: [[...listOf(tags)]] }),
    ...(skipIfUnchanged !== undefined && { skipIfUnchanged }),
    ...(archiveName !== undefined && { archiveName }),
  };
  switch (source.kind) {
    case 'paths': {
      const own = { ...common, ...fileFlags(source.settings, listOf) };
      return { operands: listOf(source.settings.paths), flags: { ...own, ...flags } };
    }
    case 'url': {
      const own = { ...common, ...databaseFlags(source.settings, listOf) };
      // a flag that takes something away is told from its default where it was typed alone
      const without = source.settings.globals === false ? { globals: false } : {};
      return { operands: [urlOf(source.settings)], flags: { ...own, ...flags, ...without } };
    }
    case 'command': {
      const { command, filename } = source.settings;
      const words = typeof command === 'string' ? ['/bin/sh', '-c', command] : command;
      return {
        operands: words,
        // the flag has a default, which cannot be told from what was typed
        flags: { ...common, ...flags, stdinFromCommand: true, stdinFilename: filename },
      };
    }
  }
}

type ListOf = <Item>(value: Item | readonly Item[] | undefined) => readonly Item[];

function fileFlags(settings: FileSource, listOf: ListOf): Partial<BackupFlags> {
  const larger = settings['exclude-larger-than'];
  return defined({
    exclude: many(settings.exclude, listOf),
    iexclude: many(settings.iexclude, listOf),
    include: many(settings.include, listOf),
    iinclude: many(settings.iinclude, listOf),
    excludeFile: many(settings['exclude-files'], listOf),
    excludeIfPresent: many(settings['exclude-if-present'], listOf),
    excludeCaches: settings['exclude-caches'],
    excludeLargerThan: larger === undefined ? undefined : String(larger),
    oneFileSystem: settings['one-file-system'],
    sqliteConsistent: settings['sqlite-consistent'],
    ignoreCtime: settings['ignore-ctime'],
    ignoreInode: settings['ignore-inode'],
    withAtime: settings['with-atime'],
  });
}

function databaseFlags(settings: DatabaseSource, listOf: ListOf): Partial<BackupFlags> {
  const stall = settings['stall-timeout'];
  return defined({
    database: many(settings.databases, listOf),
    excludeDatabase: many(settings['exclude-databases'], listOf),
    table: many(settings.tables, listOf),
    excludeTable: many(settings['exclude-tables'], listOf),
    excludeTableData: many(settings['exclude-table-data'], listOf),
    schema: many(settings.schemas, listOf),
    excludeSchema: many(settings['exclude-schemas'], listOf),
    format: settings.format,
    jobs: settings.connections === undefined ? undefined : String(settings.connections),
    mask: settings.mask,
    stallTimeout:
      stall === undefined ? undefined : String(Math.ceil(parseDuration(stall, 'stall-timeout') / 1000)),
  });
}

function many(value: string | string[] | undefined, listOf: ListOf): string[] | undefined {
  return value === undefined ? undefined : [...listOf<string>(value)];
}

/** Flags that are undefined would hide those that were typed. */
function defined<Flags extends object>(
  flags: Flags,
): Partial<{ [Name in keyof Flags]: Exclude<Flags[Name], undefined> }> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as never;
}

/** The place of the password goes where the command line has it: into a parameter of the URL. */
function urlOf({ url, password }: DatabaseSource): string {
  const reference = password === undefined ? undefined : parseSecretReference(password);
  if (!reference) return url;
  const value =
    reference.kind === 'env'
      ? reference.name
      : reference.kind === 'file'
        ? reference.path
        : shellLine(reference.command);
  return `${url}${url.includes('?') ? '&' : '?'}password_${reference.kind}=${encodeURIComponent(value)}`;
}

/** In the configuration a command is a line for the shell; in a URL it is a program and its words. */
function shellLine(command: string): string {
  return `/bin/sh -c "${command.replaceAll(/["\\]/g, '\\$&')}"`;
}
