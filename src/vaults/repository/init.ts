/** Makes a new repository: a key file first, then the config, which is what makes the place a repository. */
import { randomBytes, randomFillSync } from 'node:crypto';
import { hostname } from 'node:os';
import type { Context } from '../../kernel/context.ts';
import { createContext } from '../../kernel/context.ts';
import { hasCode, HoldfastError } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import type { Storage } from '../../storage/storage.ts';
import type { ChunkerKind } from './chunker-choice.ts';
import { chunkerField } from './chunker-choice.ts';
import type { FileKind } from './files.ts';
import { configName, fileName, folderOf, idOfName } from './files.ts';
import type { RepositoryConfig } from './format/config.ts';
import { encodeConfig } from './format/config.ts';
import { createKey, encodeKeyFile } from './format/key.ts';
import { randomPolynomial } from './format/polynomial.ts';
import { newMasterKey, seal } from './format/seal.ts';
import { currentUser } from './key-search.ts';
import type { Repository } from './repository.ts';
import { createRepository } from './repository.ts';

export interface InitOptions {
  readonly context?: Context;
  /** 2 unless told; 1 is restic's old format without compression */
  readonly version?: 1 | 2;
  /** how streams are cut into blobs; 'fast' unless told. 'rabin' cuts where restic cuts */
  readonly chunker?: ChunkerKind;
  /** irreducible, of degree 53; random unless told */
  readonly polynomial?: bigint;
  /** what the password is: a person's needs a costly scrypt, 256 random bits of a key file do not */
  readonly cost?: 'password' | 'random-key';
  readonly hostname?: string;
  readonly username?: string;
}

/**
 * Makes a repository in `storage` and opens it. Codes: `exists` when there is one, or what is left of one; and the
 * storage's own.
 */
export async function initRepository(
  storage: Storage,
  password: Uint8Array,
  options: InitOptions = {},
): Promise<Repository> {
  const context = options.context ?? createContext();
  const { signal } = context;
  await storage.prepare({ signal });
  await refuseExisting(storage, signal);

  const master = newMasterKey();
  const keyFile = await createKey(password, master, {
    hostname: options.hostname ?? hostname(),
    username: options.username ?? currentUser(),
    cost: options.cost ?? 'password',
    now: context.clock.now(),
  });
  const config: RepositoryConfig = {
    version: options.version ?? 2,
    id: toHex(randomBytes(32)),
    chunkerPolynomial:
      options.polynomial ?? randomPolynomial((bytes: Uint8Array) => void randomFillSync(bytes)),
    extra: chunkerField(options.chunker ?? 'fast'),
  };
  const keyBytes = encodeKeyFile(keyFile);
  const keyHash = sha256(keyBytes);
  const keyId = toHex(keyHash);
  await storage.write(fileName('key', keyId), keyBytes, { signal, sha256: keyHash });
  const sealedConfig = seal(master, encodeConfig(config));
  try {
    await storage.write(configName, sealedConfig, { signal, ifAbsent: true });
  } catch (error) {
    if (!(await isStored(storage, sealedConfig))) {
      // Another init won the race, or the write failed: a key without its config would only be in the way.
      await storage.remove(fileName('key', keyId));
      throw hasCode(error, 'exists') ? alreadyThere(storage, 'a config file') : error;
    }
  }
  return createRepository({ storage, config, key: master, keyId, context });
}

/** A write that seemed to fail, or that was tried again, may have been done all the same. */
async function isStored(storage: Storage, config: Uint8Array): Promise<boolean> {
  try {
    return Buffer.compare(await storage.read(configName), config) === 0;
  } catch (error) {
    if (hasCode(error, 'not-found')) return false;
    throw error;
  }
}

async function refuseExisting(storage: Storage, signal: AbortSignal): Promise<void> {
  try {
    await storage.stat(configName, { signal });
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
    // Where only the config was lost, keys and snapshots still are: a second init would bury them.
    await refuseFiles(storage, 'key', 'keys', signal);
    await refuseFiles(storage, 'snapshot', 'snapshots', signal);
    return;
  }
  throw alreadyThere(storage, 'a config file');
}

async function refuseFiles(
  storage: Storage,
  kind: FileKind,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  for await (const { name } of storage.list(folderOf(kind), { signal })) {
    if (idOfName(name) !== undefined) throw alreadyThere(storage, what);
  }
}

function alreadyThere(storage: Storage, what: string): HoldfastError {
  return new HoldfastError(
    'exists',
    `there is a repository at ${storage.location} already: it holds ${what}`,
    {
      hint: 'use it as it is, or choose another location',
    },
  );
}
