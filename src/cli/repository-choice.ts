/** Which repository a command line means. */
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../kernel/errors.ts';
import { systemText } from '../kernel/native/system-error.ts';
import { defaultRepository } from './default-repository.ts';
import type { Environment } from './environment.ts';
import type { RepositoryChoice } from './global-options.ts';
import { decodeText } from './password.ts';

export interface ChosenRepository {
  /** a URL or path, as people write it */
  readonly location: string;
  /** nothing was configured */
  readonly isDefault: boolean;
}

/**
 * The named repository, else the default one. Code `usage` when a password is configured but no repository: whoever
 * sets one up has another repository in mind than the default.
 */
export async function chooseRepository(
  choice: RepositoryChoice,
  environment: Environment,
): Promise<ChosenRepository> {
  if (isArchive(choice.repository)) {
    throw new HoldfastError(
      'usage',
      `${choice.repository} is an archive, and this is for repositories alone`,
      {
        hint: 'on archives there are backup, snapshots, ls, dump, restore, check, diff, drill and forget',
      },
    );
  }
  if (choice.repository) return { location: choice.repository, isDefault: false };
  if (choice.repositoryFile) return { location: await readLocation(choice.repositoryFile), isDefault: false };
  const secret = choice.passwordFile ?? choice.passwordCommand ?? choice.password;
  if (secret !== undefined || choice.insecureNoPassword) {
    throw new HoldfastError('usage', 'a password is configured, but no repository', {
      hint: 'name it with -r, --repository-file or HOLDFAST_REPOSITORY',
    });
  }
  return { location: defaultRepository(environment).location, isDefault: true };
}

/** True for what `-r` calls an archive: `archive:` and a storage's location. */
export function isArchive(repository: string | undefined): repository is string {
  return repository?.startsWith(archivePrefix) === true;
}

export const archivePrefix = 'archive:';

async function readLocation(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    const problem = absent ? 'does not exist' : `cannot be read: ${systemText(cause)}`;
    throw new HoldfastError(absent ? 'not-found' : 'failed', `the repository file ${path} ${problem}`, {
      cause,
    });
  });
  const location = decodeText(bytes).trim();
  if (location === '') throw new HoldfastError('usage', `the repository file ${path} is empty`);
  return location;
}
