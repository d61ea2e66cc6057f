/** Writes blobs from one thread, for copying, rewriting and repacking: packs first, then the index that names them. */
import type { Context } from '../../kernel/context.ts';
import { throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { fileName } from './files.ts';
import { type BlobType, walkPackHeader } from './format/pack.ts';
import { createIndexWriter } from './index-writer.ts';
import type { Repository } from './repository.ts';
import type { CompressionMode } from './worker/compression.ts';
import type { FinishedPack, PackerStats } from './worker/packer.ts';
import { createPacker } from './worker/packer.ts';

export interface BlobWriterOptions {
  /** default 'auto' */
  readonly compression?: CompressionMode;
  /** bytes at which a pack is closed, 4 to 128 MiB, default 16 MiB */
  readonly packSize?: number;
}

export interface PutResult {
  /** SHA-256 of the plaintext */
  readonly id: Uint8Array;
  /** false when the repository had the blob already */
  readonly stored: boolean;
}

export interface BlobWriterResult {
  readonly stats: PackerStats;
  /** ids of the packs that were written */
  readonly packs: string[];
  /** ids of the index files that were written */
  readonly indexes: string[];
}

/**
 * Every blob is decoded again before it leaves. Calls come one after another; a call waits while uploads are behind.
 * After an error the writer is of no more use: packs that are stored and in no index are rubbish that prune removes.
 */
export interface BlobWriter {
  /** Stores a blob unless the repository has it. */
  put(type: BlobType, bytes: Uint8Array): Promise<PutResult>;
  /** Stores a blob even when the repository has it: for repacking. */
  putAgain(type: BlobType, bytes: Uint8Array): Promise<PutResult>;
  /**
   * Stores a blob in the form that it had in another pack (compressed, or raw with `uncompressedLength` 0) without
   * compressing it again. The caller has verified it against `id`. `again` as in `putAgain`. Resolves to whether it
   * was stored.
   */
  putStored(
    type: BlobType,
    id: Uint8Array,
    stored: Uint8Array,
    uncompressedLength: number,
    again?: boolean,
  ): Promise<boolean>;
  /** Ends the packs that are begun, and writes the index. */
  finish(): Promise<BlobWriterResult>;
}

export const defaultPackSize = 16 * 1024 * 1024;
/** Packs on their way at the same time. */
const uploads = 3;

/** Begins to write; reads the index first, to know what is there. */
export async function createBlobWriter(
  repository: Repository,
  options: BlobWriterOptions,
  context: Context,
): Promise<BlobWriter> {
  const index = await repository.loadIndex();
  const indexWriter = createIndexWriter(repository);
  const packs: string[] = [];
  const underway = new Set<Promise<void>>();
  let failure: { error: unknown } | undefined;
  let again = false;

  const packer = createPacker({
    key: repository.key,
    claims: { claim: (type, id, at) => index.claim(type, id, at) || again },
    compression: options.compression ?? 'auto',
    version: repository.config.version,
    packSize: options.packSize ?? defaultPackSize,
    onPack(pack) {
      const upload = store(pack)
        .catch((error: unknown) => void (failure ??= { error }))
        .finally(() => underway.delete(upload));
      underway.add(upload);
    },
  });

  async function store(pack: FinishedPack): Promise<void> {
    const id = toHex(pack.id);
    const body = pack.buffer.subarray(0, pack.length);
    await repository.storage.write(fileName('pack', id), body, {
      sha256: pack.id,
      keep: pack.type === 'tree',
      signal: context.signal,
    });
    packer.recycle(pack.buffer);
    packs.push(id);
    index.addPack(pack.id, walkPackHeader(pack.header));
    await indexWriter.add(pack);
  }

  function check(): void {
    if (failure) throw failure.error;
    throwIfAborted(context.signal);
  }

  async function settleBelow(limit: number): Promise<void> {
    while (underway.size > limit) await Promise.race(underway);
    check();
  }

  async function putBlob(type: BlobType, bytes: Uint8Array, force: boolean): Promise<PutResult> {
    check();
    const id = new Uint8Array(32);
    again = force;
    const stored = packer.put(type, bytes, id, 0);
    again = false;
    await settleBelow(uploads - 1);
    return { id, stored };
  }

  return {
    put: (type, bytes) => putBlob(type, bytes, false),
    putAgain: (type, bytes) => putBlob(type, bytes, true),
    async putStored(type, id, stored, uncompressedLength, force = false) {
      check();
      again = force;
      const isNew = packer.putEncoded(type, id, stored, uncompressedLength);
      again = false;
      await settleBelow(uploads - 1);
      return isNew;
    },
    async finish() {
      check();
      packer.finish();
      await settleBelow(0);
      const indexes = await indexWriter.finish();
      return { stats: packer.stats, packs, indexes };
    },
  };
}
