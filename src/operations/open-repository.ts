/** Opens a repository as a configuration names it, and makes it first where that is asked for. */
import type { Context } from '../kernel/context.ts';
import { hasCode, HoldfastError } from '../kernel/errors.ts';
import { readSecret, type SecretReference } from '../kernel/secret.ts';
import { openAccess, type StorageAccess } from '../storage/access.ts';
import { initRepository } from '../vaults/repository/init.ts';
import { openRepository, readConfigFile } from '../vaults/repository/open.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { localCache } from './local-cache.ts';

export interface RepositoryAccess {
  readonly access: StorageAccess;
  readonly password: SecretReference | undefined;
  readonly keyHint: string | undefined;
  /** make it when it is not there */
  readonly create: boolean;
  /** the folder of all local caches; undefined for none */
  readonly cacheBase: string | undefined;
}

/** The caller disposes of it. Codes as `openRepository`, `initRepository`, `openAccess` and `readSecret`; `usage`. */
export async function openConfiguredRepository(
  { access, password, keyHint, create, cacheBase }: RepositoryAccess,
  environment: Readonly<Record<string, string | undefined>>,
  context: Context,
): Promise<Repository> {
  const { name, location } = access;
  if (!password) {
    throw new HoldfastError('usage', `the password of ${name} is nowhere to be had`, {
      hint: 'say where it is with `password: env:NAME`, file:PATH or command:COMMAND',
    });
  }
  const secret = await readSecret(password, `the password of ${name}`, environment, context.signal);
  const bytes = new TextEncoder().encode(secret);
  const storage = await openAccess(access, environment, context);
  try {
    if (create && !(await isThere())) return await initRepository(storage, bytes, { context });
    return await openRepository(storage, bytes, {
      ...{ context, keyHint },
      cache: localCache({ base: cacheBase, location }, context) ?? false,
    });
  } catch (error) {
    await storage.close();
    throw error;
  }

  async function isThere(): Promise<boolean> {
    try {
      await readConfigFile(storage, context.signal);
      return true;
    } catch (error) {
      if (hasCode(error, 'no-repository', 'no-bucket')) return false;
      throw error;
    }
  }
}
