/** Writes the index anew without some packs: new files first, then the old ones go, so that a crash leaves both. */
import type { Context } from '../kernel/context.ts';
import { throwIfAborted } from '../kernel/errors.ts';
import { toHex } from '../kernel/hex.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import { mapParallel } from '../kernel/parallel.ts';
import { encodeIndex, scanIndex } from '../vaults/repository/format/index-file.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import type { Repository } from '../vaults/repository/repository.ts';

export interface IndexRewrite {
  /** packs (lower-case hex) that the new index does not name */
  readonly without: (pack: string) => boolean;
  /** ids of the index files to go through */
  readonly files: readonly string[];
  /** ids of index files that are removed at the end, unread: broken ones */
  readonly alsoRemove?: readonly string[];
}

export interface IndexRewriteResult {
  readonly written: readonly string[];
  readonly removed: readonly string[];
}

export interface IndexedPack {
  readonly id: Uint8Array;
  readonly blobs: PackBlob[];
}

/** An index file is written when it holds this many blobs, as restic does; one that has them is left as it is. */
const fullIndexBlobs = 50_000;
const readsAtOnce = 4;

/**
 * Goes through index files; each that names a pack to leave out, repeats a pack of another one or is not full is replaced.
 * The repository's loaded index is stale afterwards and forgotten.
 */
export async function rewriteIndex(
  repository: Repository,
  { without, files, alsoRemove = [] }: IndexRewrite,
  context: Context,
): Promise<IndexRewriteResult> {
  const seen = new Set<string>();
  const obsolete = [...alsoRemove];
  const written: string[] = [];
  let pending: IndexedPack[] = [];
  let pendingBlobs = 0;
  /** the one file that pending holds all of, unchanged: then there is no need to write it again */
  let untouched: string | undefined;

  const flush = async (): Promise<void> => {
    if (pending.length === 0) return;
    written.push(await repository.writeFile('index', encodeIndex(pending)));
    pending = [];
    pendingBlobs = 0;
  };

  const read = async (id: string) => ({
    id,
    packs: readIndexedPacks(await repository.readFile('index', id)),
  });
  for await (const { id, packs } of mapParallel(files, readsAtOnce, read)) {
    throwIfAborted(context.signal);
    const keys = packs.map(packKey);
    const kept = packs.filter((pack, at) => !without(toHex(pack.id)) && !seen.has(keys[at]!));
    const blobs = kept.reduce((sum, pack) => sum + pack.blobs.length, 0);
    const changed = kept.length !== packs.length;
    for (const key of keys) seen.add(key);
    if (!changed && blobs >= fullIndexBlobs) continue;

    if (changed || pending.length > 0 || written.length > 0 || obsolete.length > 0) untouched = undefined;
    else untouched = id;
    obsolete.push(id);
    for (const pack of kept) {
      pending.push(pack);
      pendingBlobs += pack.blobs.length;
      if (pendingBlobs >= fullIndexBlobs) await flush();
    }
  }
  if (untouched !== undefined && written.length === 0) return { written, removed: [] };
  await flush();
  throwIfAborted(context.signal);
  for (const id of obsolete) await repository.removeFile('index', id);
  repository.forgetIndex();
  return { written, removed: obsolete };
}

/** The packs that an index file (its JSON) names. */
export function readIndexedPacks(json: Uint8Array): IndexedPack[] {
  const packs: IndexedPack[] = [];
  scanIndex(json, {
    pack(ids, at) {
      packs.push({ id: ids.slice(at, at + 32), blobs: [] });
    },
    blob(type, ids, at, offset, length, uncompressedLength) {
      packs.at(-1)!.blobs.push({ type, id: ids.slice(at, at + 32), offset, length, uncompressedLength });
    },
  });
  return packs;
}

/** Tells packs apart by name and content: a pack may stand in two index files with different blobs. */
function packKey({ id, blobs }: IndexedPack): string {
  const facts = Buffer.alloc(32 + blobs.length * 45);
  facts.set(id);
  let at = 32;
  for (const blob of blobs.toSorted((a, b) => a.offset - b.offset)) {
    facts.set(blob.id, at);
    facts.writeUInt8(blob.type === 'tree' ? 1 : 0, at + 32);
    facts.writeUInt32LE(blob.offset, at + 33);
    facts.writeUInt32LE(blob.length, at + 37);
    facts.writeUInt32LE(blob.uncompressedLength, at + 41);
    at += 45;
  }
  return Buffer.from(sha256(facts)).toString('base64');
}
