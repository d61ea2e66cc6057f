/** Runs our own verbs inside the test, on any storage, with what the command line would fill in. */
import { hostname, userInfo } from 'node:os';
import { type Context, createContext } from '../../src/kernel/context.ts';
import { fromHex } from '../../src/kernel/hex.ts';
import {
  backup,
  type BackupObserver,
  type BackupOptions,
  type BackupResult,
} from '../../src/operations/backup/backup.ts';
import { check } from '../../src/operations/check/check.ts';
import { selectAll } from '../../src/sources/files/selection.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { initRepository, type InitOptions } from '../../src/vaults/repository/init.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';

/** What opens the repositories that `makeRepository` makes. */
export const password = 'test';

/** Makes a repository that restic's snapshots deduplicate with, and whose key is cheap to open. */
export async function makeRepository(
  storage: Storage | string,
  options: InitOptions = {},
): Promise<Repository> {
  return initRepository(storageOf(storage), Buffer.from(password), {
    chunker: 'rabin',
    cost: 'random-key',
    ...options,
  });
}

/** Makes a repository in a folder for programs to use. */
export async function makeRepositoryFolder(folder: string, options: InitOptions = {}): Promise<void> {
  const repository = await makeRepository(folder, options);
  await repository[Symbol.asyncDispose]();
}

export function openAgain(storage: Storage | string, context?: Context): Promise<Repository> {
  return openRepository(storageOf(storage), Buffer.from(password), context === undefined ? {} : { context });
}

function storageOf(storage: Storage | string): Storage {
  return typeof storage === 'string' ? createLocalStorage(storage) : storage;
}

/** Backs up files and folders. */
export function backUp(
  repository: Repository,
  paths: readonly string[],
  options: Partial<BackupOptions> = {},
  context: Context = createContext(),
  observer: BackupObserver = {},
): Promise<BackupResult> {
  const all: BackupOptions = {
    what: { kind: 'files', paths: paths.map((path) => Buffer.from(path)), selection: selectAll },
    hostname: hostname(),
    username: userInfo().username,
    tags: [],
    timeMs: undefined,
    force: false,
    parent: undefined,
    groupBy: { host: true, paths: true, tags: false },
    rules: { ignoreCtime: false, ignoreInode: false },
    withAtime: false,
    excludes: [],
    compression: 'auto',
    packSize: undefined,
    dryRun: false,
    skipIfUnchanged: false,
    programVersion: 'holdfast test',
    lock: {},
    detail: false,
    profile: false,
    ...options,
  };
  return backup(repository, all, context, observer);
}

/** Errors of a check with all data, in the words that a user would read; none for a sound repository. */
export async function checkErrors(
  repository: Repository,
  context: Context = createContext(),
): Promise<string[]> {
  const errors: string[] = [];
  const result = await check(
    repository,
    {
      readData: { kind: 'all' },
      report: (said) => void (said.kind === 'error' && errors.push(said.text)),
    },
    context,
  );
  return result.sound ? [] : errors.length > 0 ? errors : ['not sound, without a word'];
}

/** The tree id of a snapshot that must exist. */
export async function rootTree(repository: Repository, snapshot: string): Promise<Uint8Array> {
  const { tree } = await repository.readSnapshot(snapshot);
  const id = fromHex(tree);
  if (id === undefined) throw new Error(`${tree} is no id`);
  return id;
}
