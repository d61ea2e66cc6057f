/**
 * The repository that is used when nothing is configured: in the user's data directory, opened by a generated key file
 * in the user's configuration directory, so that whoever copies the repository has not copied its key.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import { systemText } from '../kernel/native/system-error.ts';
import { configDirectory, dataDirectory } from './directories.ts';
import type { Environment } from './environment.ts';
import { readPasswordFile } from './password.ts';

export interface DefaultRepository {
  /** absolute paths */
  readonly location: string;
  readonly keyFile: string;
}

/** Where the default repository lies, or would lie. Code `usage` for a user without a home. */
export function defaultRepository(environment: Environment): DefaultRepository {
  return {
    location: join(dataDirectory(environment), 'repository'),
    keyFile: join(configDirectory(environment), 'repository.key'),
  };
}

/** True when `location` is the default repository, by whichever spelling of a local path. */
export function isDefaultRepository(location: string, environment: Environment): boolean {
  const path = location.startsWith('local:') ? location.slice('local:'.length) : location;
  try {
    return resolve(path) === defaultRepository(environment).location;
  } catch {
    return false;
  }
}

/** The generated key, or undefined when there is none. Code `failed` for an empty file, which would protect nothing. */
export async function readDefaultKey(keyFile: string): Promise<Uint8Array | undefined> {
  const text = await readPasswordFile(keyFile).catch((error: unknown) => {
    if (error instanceof HoldfastError && error.code === 'not-found') return undefined;
    throw error;
  });
  if (text === '') {
    throw new HoldfastError('failed', `the key file ${keyFile} is empty`, {
      hint: 'put your copy of it back; if nothing was ever backed up with it, remove it',
    });
  }
  return text === undefined ? undefined : new TextEncoder().encode(text);
}

/**
 * The key of a repository that is about to be made: 256 random bits in hex, in a file of mode 0600 that is on disk when
 * this resolves. A key that is there already is used: it may open another copy of the repository.
 */
export async function createDefaultKey(keyFile: string): Promise<Uint8Array> {
  const there = await readDefaultKey(keyFile);
  if (there) return there;
  const key = randomBytes(32).toString('hex');
  try {
    await mkdir(dirname(keyFile), { recursive: true, mode: 0o700 });
    await using file = await open(keyFile, 'wx', 0o600);
    try {
      await file.writeFile(`${key}\n`);
      await file.sync();
    } catch (error) {
      // half a key must not be taken for one by the next run
      await rm(keyFile, { force: true });
      throw error;
    }
    await using directory = await open(dirname(keyFile));
    await directory.sync();
  } catch (cause) {
    throw new HoldfastError('failed', `the key file ${keyFile} cannot be written: ${systemText(cause)}`, {
      hint: 'set HOME or XDG_CONFIG_HOME to a writable folder, or name a repository and a password yourself',
      cause,
    });
  }
  return new TextEncoder().encode(key);
}
