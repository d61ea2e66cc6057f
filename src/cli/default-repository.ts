/**
 * The repository that is used when nothing is configured: in the user's data directory, opened by a generated key file
 * in the user's configuration directory, so that whoever copies the repository has not copied its key.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
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

/** The generated key, or undefined when there is none. */
export async function readDefaultKey(keyFile: string): Promise<Uint8Array | undefined> {
  try {
    return new TextEncoder().encode(await readPasswordFile(keyFile));
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'not-found') return undefined;
    throw error;
  }
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
    await file.writeFile(`${key}\n`);
    await file.sync();
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
