/** Keys: each key file opens the same repository with another password. */
import { hostname } from 'node:os';
import type { Context } from '../kernel/context.ts';
import { HoldfastError, messageOf } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import { fileName, shortId } from '../vaults/repository/files.ts';
import type { KeyFile } from '../vaults/repository/format/key.ts';
import { createKey, encodeKeyFile, openKey } from '../vaults/repository/format/key.ts';
import { currentUser, listKeyIds, readKeyFile } from '../vaults/repository/key-search.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { resolveId } from '../vaults/repository/snapshot-filter.ts';

export interface ListedKey {
  readonly id: string;
  /** the one that opened the repository */
  readonly current: boolean;
  readonly userName: string;
  readonly hostName: string;
  /** RFC 3339 */
  readonly created: string;
}

/** All keys, sorted by id; damaged ones are told as warnings. */
export async function listKeys(repository: Repository, context: Context): Promise<ListedKey[]> {
  const keys: ListedKey[] = [];
  for (const id of await listKeyIds(repository.storage, context.signal)) {
    let file: KeyFile;
    try {
      file = await readKeyFile(repository.storage, id, context.signal);
    } catch (error) {
      if (context.signal.aborted) throw error;
      context.warn(messageOf(error));
      continue;
    }
    const { username: userName, hostname: hostName, created } = file;
    keys.push({ id, current: id === repository.keyId, userName, hostName, created });
  }
  return keys;
}

export interface NewKey {
  readonly password: Uint8Array;
  /** 'random-key' for 256 random bits of a key file, which need no costly scrypt; default 'password' */
  readonly cost?: 'password' | 'random-key';
  readonly username?: string | undefined;
  readonly hostname?: string | undefined;
}

/** Adds a key; resolves to its id once it was read back and opened. */
export async function addKey(repository: Repository, key: NewKey, context: Context): Promise<string> {
  const { storage } = repository;
  const file = await createKey(key.password, repository.key, {
    hostname: key.hostname ?? hostname(),
    username: key.username ?? currentUser(),
    cost: key.cost ?? 'password',
    now: context.clock.now(),
  });
  const bytes = encodeKeyFile(file);
  const hash = sha256(bytes);
  const id = toHex(hash);
  await storage.write(fileName('key', id), bytes, { signal: context.signal, sha256: hash });
  try {
    // A key that does not open could cost the whole repository once the others are gone.
    const opened = await openKey(await readKeyFile(storage, id, context.signal), key.password);
    if (Buffer.compare(opened.encrypt, repository.key.encrypt) !== 0) {
      throw new HoldfastError('corrupt', 'it opens another master key');
    }
  } catch (error) {
    await storage.remove(fileName('key', id));
    throw new HoldfastError(
      'failed',
      `failed to access the repository with the new key: ${messageOf(error)}`,
      {
        hint: 'the new key was removed again; the old ones are as they were',
        cause: error,
      },
    );
  }
  return id;
}

/** Removes the key whose id begins with `prefix`; resolves to its id. The key in use stays: code `usage`. */
export async function removeKey(repository: Repository, prefix: string, context: Context): Promise<string> {
  const id = await resolveId(repository, 'key', prefix);
  if (id === repository.keyId) {
    throw new HoldfastError('usage', 'refusing to remove key currently used to access repository', {
      hint: 'open the repository with another password, or change this one with `key passwd`',
    });
  }
  await repository.storage.stat(fileName('key', id), { signal: context.signal });
  await repository.removeFile('key', id);
  return id;
}

/** Adds a key and removes the one in use; resolves to the new id. */
export async function changePassword(repository: Repository, key: NewKey, context: Context): Promise<string> {
  const id = await addKey(repository, key, context);
  try {
    await repository.removeFile('key', repository.keyId);
  } catch (error) {
    throw new HoldfastError(
      'failed',
      `the new key ${shortId(id)} is saved, and the old one ${shortId(repository.keyId)} could not be removed: ${messageOf(error)}`,
      { hint: 'the old password still opens the repository; remove its key with `key remove`', cause: error },
    );
  }
  return id;
}
