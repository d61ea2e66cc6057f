/** Makes the repository that a command line means: with a password that is given or asked for, or with a generated key. */
import type { ChunkerKind } from '../vaults/repository/chunker-choice.ts';
import { hasCode, HoldfastError } from '../kernel/errors.ts';
import { readConfigFile } from '../vaults/repository/open.ts';
import { initRepository } from '../vaults/repository/init.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { createDefaultKey, defaultRepository, isDefaultRepository } from './default-repository.ts';
import { askNewPassword, configuredPassword } from './password.ts';
import { chooseRepository } from './repository-choice.ts';
import type { OpenSessionOptions } from './session.ts';
import { openChosenRepository, openChosenStorage, promptOptions } from './session.ts';
import type { Invocation } from './verb.ts';

export interface CreateOptions {
  readonly version?: 1 | 2;
  readonly chunker?: ChunkerKind;
  readonly polynomial?: bigint;
}

export interface CreatedRepository {
  readonly repository: Repository;
  /** the file with the generated key; undefined when the user has a password */
  readonly keyFile: string | undefined;
}

/** Codes as initRepository; the caller disposes of the repository. */
export async function createChosenRepository(
  invocation: Invocation,
  options: CreateOptions = {},
): Promise<CreatedRepository> {
  const { settings, environment, context } = invocation;
  const { location, isDefault } = await chooseRepository(settings, environment);
  const storage = await openChosenStorage(invocation, location);
  try {
    const configured = await configuredPassword(settings);
    const generated = !configured && (isDefault || isDefaultRepository(location, environment));
    const keyFile = generated ? defaultRepository(environment).keyFile : undefined;
    const password =
      configured ??
      (keyFile ? await createDefaultKey(keyFile) : await askNewPassword(promptOptions(invocation)));
    const cost = keyFile ? 'random-key' : 'password';
    const repository = await initRepository(storage, password, { ...options, context, cost });
    return { repository, keyFile };
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/**
 * The chosen repository, made first when it is the default one and was never used; `made` tells what was made.
 * A default repository whose key is lost is not made anew.
 */
export async function openOrCreateDefault(
  invocation: Invocation,
  options: OpenSessionOptions,
  made: (created: CreatedRepository) => void,
): Promise<Repository> {
  const { settings, environment } = invocation;
  const { location, isDefault } = await chooseRepository(settings, environment);
  if (!isDefault) return openChosenRepository(invocation, options);
  try {
    if (await isRepository(invocation, location)) return await openChosenRepository(invocation, options);
    const created = await createChosenRepository(invocation);
    made(created);
    return created.repository;
  } catch (error) {
    throw withPlaceHint(error);
  }
}

/** Who configured nothing does not know that there is something to configure. */
function withPlaceHint(error: unknown): unknown {
  if (!(error instanceof HoldfastError) || error.hint !== undefined) return error;
  if (!hasCode(error, 'failed', 'forbidden', 'not-found', 'disk-full')) return error;
  const hint = 'set XDG_DATA_HOME to a folder that can be written, or name a repository with -r';
  return new HoldfastError(error.code, error.message, { hint, cause: error });
}

async function isRepository(invocation: Invocation, location: string): Promise<boolean> {
  const storage = await openChosenStorage(invocation, location);
  try {
    await readConfigFile(storage, invocation.context.signal);
    return true;
  } catch (error) {
    if (hasCode(error, 'no-repository')) return false;
    throw error;
  } finally {
    await storage.close();
  }
}

/** What everybody has to know about a key that was generated. */
export function keyFileNotice(keyFile: string): string[] {
  return [`its key is in ${keyFile}`, 'copy that file to a safe place: whoever loses it loses the backups'];
}
