/** Opens a repository that is there: config, key, and a clear sentence for everything that can stand in the way. */
import type { Context } from '../../kernel/context.ts';
import { createContext } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import type { Storage } from '../../storage/storage.ts';
import { configName } from './files.ts';
import type { RepositoryConfig } from './format/config.ts';
import { decodeConfig } from './format/config.ts';
import type { MasterKey } from './format/seal.ts';
import { open } from './format/seal.ts';
import { searchKey } from './key-search.ts';
import type { Prefetch } from './prefetch.ts';
import { prefetch } from './prefetch.ts';
import type { Repository } from './repository.ts';
import { createRepository } from './repository.ts';

export interface OpenOptions {
  /** cancels the opening and, later, every read */
  readonly context?: Context;
  /** wraps the storage in a local cache once the repository's id is known; false or absent for none */
  readonly cache?: ((storage: Storage, repositoryId: string) => Promise<Storage>) | false;
  /** beginning of the id of the key to try first */
  readonly keyHint?: string | undefined;
  /** kinds of files that are fetched, still sealed, while the password is being tried */
  readonly prefetch?: readonly Prefetch[];
}

/**
 * Opens the repository in `storage`. The password costs about half a second on another thread: what is done between
 * this call and its promise costs nothing extra.
 * Codes: `no-repository`, `wrong-password`, `corrupt` (config or key damaged), `unsupported` (a newer version).
 */
export async function openRepository(
  storage: Storage,
  password: Uint8Array,
  options: OpenOptions = {},
): Promise<Repository> {
  const context = options.context ?? createContext();
  const { signal } = context;
  const configFile = readConfigFile(storage, signal);
  configFile.catch(() => {});
  const searching = searchKey(storage, password, { keyHint: options.keyHint, signal, warn: context.warn });
  searching.catch(() => {});
  const sealedConfig = await configFile;
  const fetched = prefetch(storage, options.prefetch ?? [], signal);
  const opened = await searching;
  const config = openConfig(opened.master, opened.id, sealedConfig);
  return createRepository({
    storage: options.cache ? await options.cache(storage, config.id) : storage,
    config,
    key: opened.master,
    keyId: opened.id,
    fetched,
    context,
  });
}

/** The sealed config. Code `no-repository` when there is none. */
export async function readConfigFile(storage: Storage, signal?: AbortSignal): Promise<Uint8Array> {
  let sealed: Uint8Array;
  try {
    sealed = await storage.read(configName, signal ? { signal } : {});
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    throw new HoldfastError('no-repository', `there is no repository at ${storage.location}`, {
      hint: 'check the location, or make a repository with `holdfast init`',
      cause: error,
    });
  }
  if (sealed.length === 0) {
    throw new HoldfastError('corrupt', `the config file of the repository at ${storage.location} is empty`, {
      hint: 'restore the file `config` from a copy of the repository',
    });
  }
  return sealed;
}

function openConfig(master: MasterKey, keyId: string, sealed: Uint8Array): RepositoryConfig {
  try {
    return decodeConfig(open(master, sealed));
  } catch (error) {
    if (!hasCode(error, 'corrupt')) throw error;
    throw new HoldfastError(
      'corrupt',
      `the config file or the key ${keyId.slice(0, 8)} is damaged: ${error.message}`,
      {
        hint: 'restore the file `config` from a copy of the repository',
        cause: error,
      },
    );
  }
}
