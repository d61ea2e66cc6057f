/** Makes the repository that a command line means: with a password that is given or asked for, or with a generated key. */
import type { ChunkerKind } from '../vaults/repository/chunker-choice.ts';
import { initRepository } from '../vaults/repository/init.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { createDefaultKey, defaultRepository, isDefaultRepository } from './default-repository.ts';
import { askNewPassword, configuredPassword } from './password.ts';
import { chooseRepository } from './repository-choice.ts';
import { openChosenStorage, promptOptions } from './session.ts';
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

/** What everybody has to know about a key that was generated. */
export function keyFileNotice(keyFile: string): string[] {
  return [
    `its key is in ${keyFile}`,
    'copy that file to a safe place: whoever loses it loses the backups',
  ];
}
