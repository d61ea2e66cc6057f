/** Reads artefacts: decoded, and held against what is known of them when the last byte has passed. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Archive, StoredArtefact } from './archive.ts';
import { encodingsOfName } from './encodings/encoding.ts';
import { decodeThrough, openDecodings } from './encodings/open.ts';
import type { Digest } from './manifest.ts';
import { createDigest } from './digest.ts';

/** The name of an artefact's content: `db-shop.sql` of `2026-.../db-shop_2026-....sql.gz`. */
export function plainNameOf(name: string): string {
  return encodingsOfName(name.slice(name.lastIndexOf('/') + 1)).plainName;
}

/**
 * What was put in. Until the end nothing that was given is sure. Codes `corrupt` when it is not what the manifest tells
 * of, those of encodings, and the storage's.
 */
export async function* openArtefact(
  { storage, keys }: Archive,
  { name, known, version }: StoredArtefact,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const encodings = await openDecodings(known?.encodings ?? encodingsOfName(name).encodings, keys);
  const stored = createDigest();
  const plain = createDigest();
  const reuse = encodings.at(-1)?.keepsInput === false;
  const bytes = storage.stream(name, { version, reuse, signal });
  yield* plain.watch(decodeThrough(encodings, stored.watch(bytes), signal));
  if (!known) return;
  refuseOther(name, 'stored', stored.end(), known.stored);
  refuseOther(name, 'decoded', plain.end(), known.plain);
}

function refuseOther(name: string, what: string, found: Digest, known: Digest): void {
  if (found.size === known.size && found.sha256 === known.sha256) return;
  const how = found.size === known.size ? 'another SHA-256' : `${found.size} bytes instead of ${known.size}`;
  throw new HoldfastError(
    'corrupt',
    `${name} is not what was ${what === 'stored' ? 'stored' : 'backed up'}: ${how}`,
  );
}
