/** Opens the repository that a command line means, locks it, and hands it to a verb. */
import type { Context } from '../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../kernel/errors.ts';
import { openAccessAs, type StorageAccess } from '../storage/access.ts';
import { openStorage, type OpenStorageOptions } from '../storage/open.ts';
import type { Storage } from '../storage/storage.ts';
import type { HeldLock } from '../vaults/repository/lock.ts';
import { withLock } from '../vaults/repository/lock.ts';
import { openRepository, readConfigFile } from '../vaults/repository/open.ts';
import type { Prefetch } from '../vaults/repository/prefetch.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { defaultRepository, isDefaultRepository, readDefaultKey } from './default-repository.ts';
import type { RepositoryChoice } from './global-options.ts';
import { cacheFor } from './local-cache.ts';
import { askPassword, configuredPassword } from './password.ts';
import type { PromptOptions } from './prompt.ts';
import { chooseRepository } from './repository-choice.ts';
import type { Invocation } from './verb.ts';

/** `read` may go without (--no-lock); `append` adds, `exclusive` removes. */
export type LockNeed = 'none' | 'read' | 'append' | 'exclusive';

export interface OpenSessionOptions {
  /** kinds of files that the verb reads first, fetched while the password is tried */
  readonly prefetch?: readonly Prefetch[];
  /** the repository, when it is not the one of the global flags */
  readonly choice?: RepositoryChoice;
  /** false for verbs that want to see what is really stored */
  readonly cache?: false;
}

export interface SessionOptions extends OpenSessionOptions {
  readonly lock: LockNeed;
  /** begin before it is sure that nobody locked at the same moment: for what only reads, as every `read` does */
  readonly eager?: boolean;
  /** nothing is written, whatever the lock */
  readonly readsOnly?: boolean;
}

export type SessionWork<T> = (repository: Repository, context: Context, lock: HeldLock) => Promise<T>;

/** Runs `work` on the open, locked repository, and closes it. */
export async function withRepository<T>(
  invocation: Invocation,
  options: SessionOptions,
  work: SessionWork<T>,
): Promise<T> {
  const { settings, terminal, context } = invocation;
  await using repository = await openChosenRepository(invocation, options);
  const { version, id } = repository.config;
  terminal.detail(`repository ${id.slice(0, 8)} opened (version ${version})`);
  const lock = {
    exclusive: options.lock === 'exclusive',
    none: options.lock === 'none' || (options.lock === 'read' && !settings.lock),
    eager: options.eager ?? options.lock === 'read',
    retryFor: settings.retryLock,
    ...((options.lock === 'read' || options.readsOnly) && {
      forbiddenHint: '--no-lock reads a repository that you may not write to, while nobody prunes it',
    }),
    onWait: (message: string) => terminal.say(message),
  };
  return await withLock(repository, lock, context, (inner, held) => work(held.repository, inner, held));
}

/** The storage of the chosen repository, untouched. */
export function openChosenStorage(
  invocation: Invocation,
  location: string,
  choice: RepositoryChoice = invocation.settings,
): Promise<Storage> {
  return openChosen(openStorage, invocation, location, choice);
}

/** What `open` makes of the chosen location. */
export async function openChosen<Opened>(
  open: (location: string, options: OpenStorageOptions) => Promise<Opened>,
  invocation: Invocation,
  location: string,
  choice: RepositoryChoice,
): Promise<Opened> {
  const { environment, settings } = invocation;
  if (choice.vault) {
    const access = withFlags(choice.vault.access, invocation);
    return openAccessAs(open, access, environment, invocation.context);
  }
  const onRetry = (message: string, wait: number): void => {
    invocation.context.warn(`${message}, trying again in ${(wait / 1000).toFixed(1)} s`);
  };
  const { extended, limitUpload, limitDownload, caFiles, clientCertificateFile } = settings;
  const { insecureTls, userAgent, stuckRequestTimeout } = settings;
  return open(location, {
    ...{ environment, extended, limitUpload, limitDownload, caFiles, clientCertificateFile },
    ...{ insecureTls, userAgent, stuckRequestTimeout, onRetry },
  });
}

/** What the configuration says of a storage, and flags that win over it. */
function withFlags(access: StorageAccess, { settings }: Invocation): StorageAccess {
  const { extended, limitUpload, limitDownload, caFiles, clientCertificateFile, insecureTls } = settings;
  return {
    ...access,
    options: {
      stuckRequestTimeout: settings.stuckRequestTimeout,
      ...access.options,
      extended: new Map([...(access.options.extended ?? []), ...extended]),
      ...(limitUpload > 0 && { limitUpload }),
      ...(limitDownload > 0 && { limitDownload }),
      ...(caFiles.length > 0 && { caFiles }),
      ...(clientCertificateFile !== undefined && { clientCertificateFile }),
      ...(insecureTls && { insecureTls }),
      userAgent: settings.userAgent ?? access.options.userAgent,
    },
  };
}

/** How a person is asked for a secret. */
export function promptOptions(invocation: Invocation): PromptOptions {
  return {
    input: invocation.stdin(),
    ask: (question) => invocation.terminal.ask(question),
    answered: () => invocation.terminal.answered(),
    signal: invocation.context.signal,
  };
}

/** The repository, open and not locked; the caller disposes of it. */
export async function openChosenRepository(
  invocation: Invocation,
  options: OpenSessionOptions = {},
): Promise<Repository> {
  const choice = options.choice ?? invocation.settings;
  const { environment, context } = invocation;
  const { location, isDefault } = await chooseRepository(choice, environment);
  const storage = await openChosenStorage(invocation, location, choice);
  const cache = options.cache === false ? undefined : cacheFor(invocation, location);
  try {
    const open = (password: Uint8Array): Promise<Repository> =>
      openRepository(storage, password, {
        context,
        keyHint: choice.keyHint,
        cache: cache ?? false,
        // What a cache may hold is not fetched before it is known which cache that is.
        prefetch: cache ? [] : (options.prefetch ?? []),
      });
    const emptyHint =
      options.choice && options.choice !== invocation.settings ? otherPasswordHint : undefined;
    const configured = await configuredPassword(choice, emptyHint);
    if (configured) return await open(configured);
    if (isDefaultRepository(location, environment)) {
      const key = await defaultKey(storage, invocation, isDefault);
      if (key) return await open(key);
    }
    return await openByPrompt(invocation, open, storage.location, emptyHint);
  } catch (error) {
    await storage.close();
    throw error;
  }
}

/** The generated key. Codes `no-repository` when nothing was backed up yet, `not-found` when the key alone is missing. */
async function defaultKey(
  storage: Storage,
  { environment, context }: Invocation,
  isDefault: boolean,
): Promise<Uint8Array | undefined> {
  const { keyFile } = defaultRepository(environment);
  const key = await readDefaultKey(keyFile);
  if (key || !isDefault) return key;
  try {
    await readConfigFile(storage, context.signal);
  } catch (error) {
    if (!hasCode(error, 'no-repository')) throw error;
    throw new HoldfastError(
      'no-repository',
      'no repository is named, and the default one does not exist yet',
      {
        hint: '`holdfast backup PATH` makes it; or name a repository with -r or HOLDFAST_REPOSITORY',
      },
    );
  }
  throw new HoldfastError('not-found', `the key file ${keyFile} of the default repository is missing`, {
    hint: 'put your copy of it back; without it the repository cannot be opened',
  });
}

const tries = 3;
const otherPasswordHint =
  'give that of the other repository with --from-password-file, --from-password-command or HOLDFAST_FROM_PASSWORD';

async function openByPrompt(
  invocation: Invocation,
  open: (password: Uint8Array) => Promise<Repository>,
  location: string,
  emptyHint: string | undefined,
): Promise<Repository> {
  const prompt = promptOptions(invocation);
  for (let left = prompt.input.isTTY ? tries : 1; ; left--) {
    try {
      return await open(await askPassword(`enter password for repository ${location}: `, prompt, emptyHint));
    } catch (error) {
      if (left <= 1 || !hasCode(error, 'wrong-password', 'usage')) throw error;
      invocation.terminal.complain(`${messageOf(error)}, try again`);
    }
  }
}
