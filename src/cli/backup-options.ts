/** From the flags of `backup` to what the operation is to do. */
import { hostname } from 'node:os';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import { fromNodeError } from '../kernel/native/system-error.ts';
import { parseSize } from '../kernel/quantity.ts';
import type { BackupOptions, FileTargets, StreamedSource } from '../operations/backup/backup.ts';
import { parseGroupBy } from '../operations/snapshot-groups.ts';
import {
  existingTargets,
  parseFilesFrom,
  parseFilesFromRaw,
  parseFilesFromVerbatim,
} from '../sources/files/files-from.ts';
import { rawPath } from '../sources/files/path.ts';
import { currentFolder } from '../sources/files/current-folder.ts';
import { cacheDirectoryTag, sourceDevices } from '../sources/files/selection.ts';
import { commandSource, streamSource } from '../sources/streams/stream-source.ts';
import { currentUser } from '../vaults/repository/key-search.ts';
import { type DatabaseFlags, refuseDatabaseFlags } from './database-flags.ts';
import { databaseSources } from './database-operand.ts';
import { maskedTag } from '../sources/masking/masking.ts';
import { defaultRepository } from './default-repository.ts';
import { flag, setting } from './environment.ts';
import type { FileFlags } from './file-flags.ts';
import { cacheBase } from './local-cache.ts';
import { readPatterns } from './pattern-flags.ts';
import { parseCount, parseLocalTime } from './values.ts';
import type { Invocation } from './verb.ts';
import { readVersion } from './version.ts';

export interface BackupFlags extends FileFlags, DatabaseFlags {
  stdin?: boolean;
  stdinFromCommand?: boolean;
  stdinFilename: string;
  tag?: string[][];
  host?: string;
  hostname?: string;
  time?: string;
  parent?: string;
  groupBy: string;
  force?: boolean;
  sqliteConsistent?: boolean;
  skipIfUnchanged?: boolean;
  dryRun?: boolean;
  scan: boolean;
  readConcurrency?: string;
}

export interface BackupRequest {
  /** one for each snapshot */
  readonly backups: readonly BackupOptions[];
  /** these are databases of a server, each of which is backed up whatever becomes of the others */
  readonly ofServer: boolean;
  /** paths that are not there; the others are backed up */
  readonly missing: number;
}

/** Codes `usage` and `failed`; each path that is not there is told as a warning. */
export async function backupRequest(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
): Promise<BackupRequest> {
  refuseContradictions(invocation, operands, flags);
  const { settings, environment, terminal } = invocation;
  const timeMs = flags.time ? parseLocalTime(flags.time, '--time') : undefined;
  const databases = flags.stdinFromCommand
    ? undefined
    : await databaseSources(invocation, operands, flags, timeMs);
  if (!databases) refuseDatabaseFlags(flags);
  const stream = databases !== undefined || flags.stdin || flags.stdinFromCommand;
  const { existing, missing } = stream
    ? { existing: [], missing: 0 }
    : await findTargets(invocation, operands, flags);
  const groupBy = parseGroupBy(flags.groupBy);
  const ignoreInode = flags.ignoreInode ?? flag(environment, 'IGNORE_INODE');
  const concurrency = flags.readConcurrency ?? setting(environment, 'READ_CONCURRENCY');
  if (concurrency) parseCount(concurrency, '--read-concurrency');
  const whats =
    databases?.sources ??
    (stream
      ? [streamed(invocation, operands, flags, timeMs)]
      : [await fileTargets(invocation, existing, flags)]);
  const options: Omit<BackupOptions, 'what'> = {
    hostname: hostOf(invocation, flags),
    username: currentUser(),
    tags: tagsOf(flags),
    timeMs,
    force: flags.force ?? false,
    parent: flags.parent,
    groupBy: { host: groupBy.host ?? false, paths: groupBy.paths ?? false, tags: groupBy.tags ?? false },
    rules: {
      ignoreInode,
      ignoreCtime: ignoreInode || (flags.ignoreCtime ?? flag(environment, 'IGNORE_CTIME')),
    },
    withAtime: flags.withAtime ?? false,
    sqliteConsistent: flags.sqliteConsistent ?? false,
    excludes: flags.exclude ?? [],
    compression: settings.compression,
    packSize: settings.packSize,
    dryRun: flags.dryRun ?? false,
    skipIfUnchanged: flags.skipIfUnchanged ?? false,
    programVersion: `holdfast ${readVersion()}`,
    lock: {
      none: false,
      retryFor: settings.retryLock,
      onWait: (message: string) => terminal.say(message),
    },
    cacheBase: cacheBase(invocation),
    detail: terminal.verbosity >= (terminal.json ? 2 : 3),
    profile: environment['HOLDFAST_PROFILE'] === '1',
  };
  return {
    missing,
    ofServer: databases?.ofServer ?? false,
    backups: whats.map((what) => ({ ...options, what })),
  };
}

function refuseContradictions(
  { settings }: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
): void {
  const lists = [flags.filesFrom, flags.filesFromVerbatim, flags.filesFromRaw];
  const secret =
    settings.passwordFile ?? settings.passwordCommand ?? settings.password ?? settings.passwordReference;
  const prompts =
    secret === undefined &&
    !settings.insecureNoPassword &&
    (settings.repository ?? settings.repositoryFile) !== undefined;
  if (prompts && (flags.stdin || lists.some((files) => files?.includes('-')))) {
    throw new HoldfastError('usage', 'standard input cannot give both the password and the data', {
      hint: 'give the password with --password-file or HOLDFAST_PASSWORD',
    });
  }
  if (!flags.stdin && !flags.stdinFromCommand) return;
  if (lists.some((files) => files !== undefined)) {
    throw new HoldfastError('usage', '--stdin and --files-from contradict each other');
  }
  if (operands.length > 0 && !flags.stdinFromCommand) {
    throw new HoldfastError('usage', '--stdin was given and paths as well');
  }
}

/** What standard input or a command gives, as a source. */
export function streamed(
  { stdin, terminal }: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
  timeMs: number | undefined,
): StreamedSource {
  const options = { filename: flags.stdinFilename, modified: new Date(timeMs ?? Date.now()) };
  const source = flags.stdinFromCommand
    ? commandSource(operands, options, (line) => terminal.complain(line))
    : streamSource('standard input', stdin(), options);
  return { kind: 'source', source, path: `/${flags.stdinFilename.replace(/^\/+/, '')}` };
}

/** The files that were asked for, and how many of the paths are not there, which is told. */
export async function chosenFiles(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
): Promise<{ readonly what: FileTargets; readonly missing: number }> {
  refuseDatabaseFlags(flags);
  const { existing, missing } = await findTargets(invocation, operands, flags);
  return { what: await fileTargets(invocation, existing, flags), missing };
}

async function fileTargets(
  invocation: Invocation,
  paths: readonly Uint8Array[],
  flags: BackupFlags,
): Promise<FileTargets> {
  const patterns = await readPatterns(flags, invocation.environment);
  const caches = flags.excludeCaches ? [cacheDirectoryTag] : [];
  return {
    kind: 'files',
    paths,
    selection: {
      ...patterns,
      excludeIfPresent: [...(flags.excludeIfPresent ?? []), ...caches],
      excludeLargerThan: flags.excludeLargerThan
        ? parseSize(flags.excludeLargerThan, '--exclude-larger-than')
        : undefined,
      oneFileSystem: flags.oneFileSystem ? sourceDevices(paths, currentFolder()) : undefined,
      excludePaths: ownFolders(invocation).map((path) => rawPath(resolve(path))),
    },
  };
}

/** What grows while it is backed up, and is of no use in a backup: the cache, and the repository of this user's own. */
function ownFolders(invocation: Invocation): string[] {
  const { settings, environment } = invocation;
  const cache = cacheBase(invocation);
  const named = settings.repository ?? settings.repositoryFile;
  const repository = named === undefined ? defaultRepository(environment).location : undefined;
  return [cache, repository].filter((path) => path !== undefined);
}

async function findTargets(
  invocation: Invocation,
  operands: readonly string[],
  flags: BackupFlags,
): Promise<{ existing: Uint8Array[]; missing: number }> {
  const { warn } = invocation.context;
  const read = (file: string): Promise<Uint8Array> => readList(file, invocation);
  const targets: Uint8Array[] = [];
  for (const file of flags.filesFrom ?? []) targets.push(...parseFilesFrom(await read(file), warn));
  for (const file of flags.filesFromVerbatim ?? []) {
    targets.push(...parseFilesFromVerbatim(await read(file)));
  }
  for (const file of flags.filesFromRaw ?? []) targets.push(...parseFilesFromRaw(await read(file)));
  targets.push(...operands.map(rawPath));
  if (targets.length === 0) {
    throw new HoldfastError('usage', 'there is nothing to back up', { hint: 'name files or directories' });
  }
  const { existing, missing } = existingTargets(targets);
  for (const { path, absent } of missing) {
    warn(`${Buffer.from(path).toString()} ${absent ? 'does not exist' : 'cannot be accessed'}, skipping`);
  }
  if (existing.length === 0) throw new HoldfastError('failed', 'none of the paths to back up exists');
  return { existing, missing: missing.length };
}

async function readList(file: string, { stdin }: Invocation): Promise<Uint8Array> {
  if (file === '-') return Buffer.concat(await Array.fromAsync(stdin() as AsyncIterable<Buffer>));
  return readFile(file).catch((cause: unknown) => {
    throw fromNodeError('open', rawPath(file), cause);
  });
}

/** Whose backup it is, as snapshots name it. */
export function hostOf({ environment }: Invocation, flags: Pick<BackupFlags, 'host' | 'hostname'>): string {
  return flags.host ?? flags.hostname ?? setting(environment, 'HOST') ?? hostname();
}

export function tagsOf(flags: Pick<BackupFlags, 'tag' | 'mask'>): string[] {
  return [...(flags.tag?.flat() ?? []), ...(flags.mask === undefined ? [] : [maskedTag])];
}
