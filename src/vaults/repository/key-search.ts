/** Which key file a password opens. Each try costs a scrypt on purpose, so the likely ones come first. */
import { hostname, userInfo } from 'node:os';
import { hasCode, HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { Storage } from '../../storage/storage.ts';
import { fileName, folderOf, idOfName } from './files.ts';
import type { KeyFile } from './format/key.ts';
import { decodeKeyFile, openKey } from './format/key.ts';
import type { MasterKey } from './format/seal.ts';
import { damagedFile, readChecked } from './sealed-file.ts';

export interface OpenedKey {
  readonly id: string;
  readonly file: KeyFile;
  readonly master: MasterKey;
}

export interface KeySearchOptions {
  /** beginning of the id of the key to try first */
  readonly keyHint?: string | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly warn?: ((message: string) => void) | undefined;
}

/** scrypt takes tens of MiB and a processor for half a second: two at a time. */
const triesAtOnce = 2;

/** Reads and decodes one key file. Codes `not-found`, `corrupt`, `unsupported`. */
export async function readKeyFile(storage: Storage, id: string, signal?: AbortSignal): Promise<KeyFile> {
  const bytes = await readChecked(storage, 'key', id, signal);
  try {
    return decodeKeyFile(bytes);
  } catch (error) {
    if (hasCode(error, 'unsupported')) throw error;
    throw damagedFile('key', id, 'it is no key', error);
  }
}

export async function listKeyIds(storage: Storage, signal?: AbortSignal): Promise<string[]> {
  const ids: string[] = [];
  for await (const { name } of storage.list(folderOf('key'), signal ? { signal } : {})) {
    const id = idOfName(name);
    if (id !== undefined && name === fileName('key', id)) ids.push(id);
  }
  return ids.sort();
}

/**
 * Tries the key files until one opens. Code `wrong-password` when every one is whole and none opens; when one is
 * damaged and no other opens, its own error.
 */
export async function searchKey(
  storage: Storage,
  password: Uint8Array,
  options: KeySearchOptions = {},
): Promise<OpenedKey> {
  const { signal, warn } = options;
  const candidates: { id: string; file: KeyFile }[] = [];
  let damage: unknown;
  const read = async (id: string) => {
    try {
      return { id, file: await readKeyFile(storage, id, signal) };
    } catch (error) {
      if (!hasCode(error, 'corrupt', 'unsupported', 'truncated', 'not-found')) throw error;
      return { id, error };
    }
  };
  for await (const result of mapParallel(await listKeyIds(storage, signal), 8, read)) {
    if (result.file) candidates.push({ id: result.id, file: result.file });
    else damage ??= result.error;
  }
  sortByLikelihood(candidates, options.keyHint);

  for (let i = 0; i < candidates.length; i += triesAtOnce) {
    throwIfAborted(signal);
    const tries = candidates.slice(i, i + triesAtOnce).map((candidate) => tryKey(candidate, password));
    for (const result of await Promise.all(tries)) {
      if (result.opened) {
        if (damage)
          warn?.(
            `another key file was skipped: ${damage instanceof Error ? damage.message : String(damage)}`,
          );
        return result.opened;
      }
      damage ??= result.error;
    }
  }
  if (damage) throw damage;
  throw new HoldfastError('wrong-password', 'wrong password or no key found', {
    hint:
      candidates.length === 0
        ? 'the repository has no key file: restore its keys folder from a copy'
        : 'check the password or password file; `key list` on a machine that can open it shows the keys',
  });
}

async function tryKey(
  candidate: { id: string; file: KeyFile },
  password: Uint8Array,
): Promise<{ opened?: OpenedKey; error?: unknown }> {
  try {
    return { opened: { ...candidate, master: await openKey(candidate.file, password) } };
  } catch (error) {
    return hasCode(error, 'wrong-password') ? {} : { error: namedDamage(error, candidate.id) };
  }
}

function namedDamage(error: unknown, id: string): unknown {
  return hasCode(error, 'corrupt') ? damagedFile('key', id, error.message, error) : error;
}

/** The hinted key first, then the keys made by this user on this machine. */
function sortByLikelihood(candidates: { id: string; file: KeyFile }[], keyHint: string | undefined): void {
  const host = hostname();
  const user = currentUser();
  const rank = ({ id, file }: { id: string; file: KeyFile }): number => {
    if (keyHint && id.startsWith(keyHint)) return 0;
    return (file.hostname === host ? 1 : 3) + (file.username === user ? 0 : 1);
  };
  candidates.sort((a, b) => rank(a) - rank(b));
}

/** The user's name as the system has it; '' where it has none. */
export function currentUser(): string {
  try {
    return userInfo().username;
  } catch {
    return '';
  }
}
