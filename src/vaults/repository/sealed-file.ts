/** One stored file, read and written with every check: its name is the hash of its bytes, and it must decode again. */
import { HoldfastError } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import type { Storage } from '../../storage/storage.ts';
import type { FileKind } from './files.ts';
import { fileName, shortId } from './files.ts';
import type { MasterKey } from './format/seal.ts';
import { open, seal } from './format/seal.ts';
import { decodeUnpacked, encodeUnpacked } from './format/unpacked.ts';

export interface SealContext {
  readonly key: MasterKey;
  readonly version: 1 | 2;
}

/**
 * The stored bytes of a file. When their hash is not the name they are read once more, in case the way here was at
 * fault. `fetched` is a first reading done before. Codes `not-found`, `corrupt`.
 */
export async function readChecked(
  storage: Storage,
  kind: FileKind,
  id: string,
  signal?: AbortSignal,
  fetched?: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const name = fileName(kind, id);
  const options = signal ? { signal } : {};
  let bytes = fetched ?? (await storage.read(name, options));
  if (toHex(sha256(bytes)) === id) return bytes;
  bytes = await storage.read(name, options);
  if (toHex(sha256(bytes)) === id) return bytes;
  throw damagedFile(kind, id, 'its content does not match its name');
}

/** The error for a file that is not what it must be. */
export function damagedFile(kind: FileKind, id: string, why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('corrupt', `the ${kind} file ${shortId(id)} is damaged: ${why}`, {
    hint:
      kind === 'key'
        ? 'open the repository by another key, or restore the file from a copy of the repository'
        : 'run `holdfast check`, which names everything that is damaged and says how to repair it',
    cause,
  });
}

/** The JSON inside the stored bytes of a sealed file. Code `corrupt`. */
export function unsealFile(context: SealContext, kind: FileKind, id: string, sealed: Uint8Array): Uint8Array {
  try {
    const plaintext = open(context.key, sealed);
    return context.version === 1 ? plaintext : decodeUnpacked(plaintext);
  } catch (error) {
    const why = error instanceof Error ? error.message : 'it cannot be decoded';
    throw damagedFile(kind, id, why, error);
  }
}

/** Stored bytes for `json`, already decoded once more and compared: memory and processors do fail. */
export function sealFile(context: SealContext, json: Uint8Array): Uint8Array<ArrayBuffer> {
  const sealed = seal(context.key, context.version === 1 ? json : encodeUnpacked(json));
  const plaintext = open(context.key, sealed);
  const again = context.version === 1 ? plaintext : decodeUnpacked(plaintext);
  if (Buffer.compare(again, json) !== 0) {
    throw new HoldfastError(
      'corrupt',
      'a file did not decode to what was stored: memory or processor is at fault',
      {
        hint: 'nothing was written; test this machine before you trust it with backups',
      },
    );
  }
  return sealed;
}

/** Seals and writes `json` under its hash; resolves to the id once it is stored. */
export async function writeSealed(
  storage: Storage,
  context: SealContext,
  kind: FileKind,
  json: Uint8Array,
): Promise<string> {
  const sealed = sealFile(context, json);
  const hash = sha256(sealed);
  const id = toHex(hash);
  await storage.write(fileName(kind, id), sealed, { sha256: hash });
  return id;
}
