/** From what a job says of a source to what can be backed up: passwords are read and servers asked when it is its turn. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { readSecret } from '../kernel/secret.ts';
import { optionsForAll } from '../operations/archive/input.ts';
import type { FileTargets } from '../operations/backup/backup.ts';
import { chooseDatabases } from '../operations/database/choose-databases.ts';
import { loadMasking } from '../operations/database/load-masking.ts';
import type {
  DatabaseAddress,
  DatabaseDriver,
  DatabaseSourceOptions,
  Environment,
} from '../sources/database/driver.ts';
import { snapshotFolder } from '../sources/database/snapshot-folder.ts';
import { existingTargets } from '../sources/files/files-from.ts';
import { rawPath } from '../sources/files/path.ts';
import { sourceDevices } from '../sources/files/selection.ts';
import { maskedTag } from '../sources/masking/masking.ts';
import { readPatternFile } from '../sources/patterns/pattern-file.ts';
import type { Source } from '../sources/source.ts';
import { commandSource } from '../sources/streams/stream-source.ts';
import type { Identity } from '../vaults/archive/layout/layout.ts';
import type { CommandJobSource, DatabaseJobSource, FilesJobSource, JobSource } from './job.ts';
import { currentFolder } from '../sources/files/current-folder.ts';

export interface OpenedFiles {
  readonly kind: 'files';
  readonly source: FilesJobSource;
  readonly what: FileTargets;
  /** paths that are not there */
  readonly missing: readonly string[];
}

/** What is read once, whoever takes it. */
export interface OpenedStream {
  readonly kind: 'stream';
  readonly source: DatabaseJobSource | CommandJobSource;
  readonly stream: Source;
  /** as the snapshot names it */
  readonly path: string;
  readonly tags: readonly string[];
  /** sentences: what it lacks of its database, as far as it has been read */
  readonly leftOut: ReadonlySet<string>;
  /** of a database */
  readonly database:
    | {
        readonly driver: DatabaseDriver;
        readonly address: DatabaseAddress;
        readonly options: DatabaseSourceOptions;
        /** its name in archives, when it is not to be its own */
        readonly named: Identity | undefined;
      }
    | undefined;
}

export type OpenedSource = OpenedFiles | OpenedStream;

export interface OpenSourceOptions {
  readonly environment: Environment;
  readonly programs: (setting: string) => string | undefined;
  /** milliseconds since 1970: of what has no time of its own */
  readonly timeMs: number;
  /** an archive takes part, which keeps a database as one file */
  readonly oneFile: boolean;
  /** absolute paths that are never backed up: the cache of the program itself */
  readonly excludePaths: readonly string[];
}

/** Several of a server whose databases are all meant. Codes `usage`, `not-found`, `failed`, those of secrets and servers. */
export async function openSource(
  source: JobSource,
  options: OpenSourceOptions,
  context: Context,
): Promise<readonly OpenedSource[]> {
  switch (source.kind) {
    case 'files':
      return [openFiles(source, options)];
    case 'command': {
      const stream = commandSource(
        source.command,
        { filename: source.filename, modified: new Date(options.timeMs) },
        (line) => context.warn(`${source.name}: ${line}`),
      );
      const path = `/${source.filename.replace(/^\/+/, '')}`;
      return [
        { kind: 'stream', source, stream, path, tags: source.tags, leftOut: new Set(), database: undefined },
      ];
    }
    case 'database':
      return openDatabases(source, options, context);
  }
}

function openFiles(source: FilesJobSource, { environment, excludePaths }: OpenSourceOptions): OpenedFiles {
  const targets = source.paths.map((path) => rawPath(path));
  const { existing, missing } = existingTargets(targets);
  if (existing.length === 0) throw new HoldfastError('failed', 'none of the paths to back up exists');
  return {
    kind: 'files',
    source,
    what: {
      kind: 'files',
      paths: existing,
      selection: {
        excludes: [
          ...source.excludes,
          ...source.excludeFiles.flatMap((file) => readPatternFile(file, environment)),
        ],
        insensitiveExcludes: source.insensitiveExcludes,
        includes: source.includes,
        insensitiveIncludes: source.insensitiveIncludes,
        excludeIfPresent: source.excludeIfPresent,
        excludeLargerThan: source.excludeLargerThan,
        oneFileSystem: source.oneFileSystem ? sourceDevices(existing, currentFolder()) : undefined,
        excludePaths: excludePaths.map((path) => rawPath(path)),
      },
    },
    missing: missing.map(({ path }) => Buffer.from(path).toString()),
  };
}

async function openDatabases(
  source: DatabaseJobSource,
  { environment, programs, timeMs, oneFile }: OpenSourceOptions,
  context: Context,
): Promise<readonly OpenedStream[]> {
  const { url, password, databases, excludeDatabases, stallTimeout } = source;
  const { driver, addresses, connection } = await chooseDatabases({
    ...{ url, environment, password, programs, databases, excludeDatabases, stallTimeout },
    signal: context.signal,
    readPassword: (reference) =>
      readSecret(reference, `the password of ${source.name}`, environment, context.signal),
  });
  for (const choice of Object.keys(source.choices)) {
    if (driver.choices.some((known) => known === choice)) continue;
    throw new HoldfastError(
      'usage',
      `databases of ${driver.kinds.join(' and ')} do not know the setting ${settingOf(choice)}`,
    );
  }
  if (oneFile && source.choices.jobs !== undefined) {
    throw new HoldfastError('usage', 'with an archive a database is read in its order, over one connection', {
      hint: `leave out connections of ${source.name}, or back it up to the archive with another job`,
    });
  }
  const masking =
    source.mask === undefined ? undefined : await loadMasking({ environment, context }, source.mask, driver);
  const asked: DatabaseSourceOptions = {
    ...connection,
    ...source.choices,
    masking,
    modified: new Date(timeMs),
    stallTimeout,
    warn: (message) => context.warn(message),
  };
  const shared = oneFile ? optionsForAll(driver, asked) : asked;
  const { archiveName } = source;
  const nameIn = ({ database }: DatabaseAddress): Identity | undefined => {
    if (archiveName === undefined) return undefined;
    return driver.server?.(url) ? { host: archiveName, database } : { host: '', database: archiveName };
  };
  return addresses.map((address) => {
    const leftOut = new Set<string>();
    const options = { ...shared, leftOut: (message: string) => void leftOut.add(message) };
    return {
      kind: 'stream',
      source,
      stream: address.source(options),
      path: snapshotFolder(address.folder, options),
      tags: masking ? [...source.tags, maskedTag] : source.tags,
      leftOut,
      database: { driver, address, options, named: nameIn(address) },
    };
  });
}

/** `excludeTables` is `exclude-tables` where people write it, and `jobs` is `connections`. */
function settingOf(choice: string): string {
  return choice === 'jobs'
    ? 'connections'
    : choice.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
