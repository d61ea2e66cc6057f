/** Blobs and trees out of packs: ranges only, everything verified, and a damaged blob taken from its duplicate. */
import { Readable } from 'node:stream';
import { createZstdDecompress } from 'node:zlib';
import { HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { createSha256 } from '../../kernel/native/crypto.ts';
import type { Storage } from '../../storage/storage.ts';
import type { BlobIndex } from './blob-index/blob-index.ts';
import { createBlobDecoder } from './blob-decoder.ts';
import { fileName } from './files.ts';
import type { Node } from './format/node.ts';
import type { MasterKey } from './format/seal.ts';
import { open } from './format/seal.ts';
import { parseTree, TreeStream } from './format/tree.ts';
import { createSegmentReader } from './tree-segments.ts';

export interface ReaderParts {
  readonly storage: Pick<Storage, 'read'>;
  readonly key: MasterKey;
  readonly loadIndex: () => Promise<BlobIndex>;
  readonly signal: AbortSignal;
}

export interface BlobReader {
  readBlob(type: 'data' | 'tree', id: Uint8Array): Promise<Uint8Array>;
  readTree(id: Uint8Array): Promise<Node[]>;
  streamTree(id: Uint8Array): AsyncGenerator<Node, void, void>;
  /** Drops what is cached: for who has changed the index. */
  forget(): void;
}

/** Plaintext of trees kept: neighbouring snapshots share most of theirs. */
const treeCacheBytes = 16 * 1024 * 1024;
/** Plaintext handed to the tree parser at a time. */
const streamPiece = 256 * 1024;

export function createReader(parts: ReaderParts): BlobReader {
  const { storage, signal } = parts;
  const decoder = createBlobDecoder(parts.key);
  const segments = createSegmentReader(storage, signal);
  const trees = new Map<number, Uint8Array>();
  let treeBytes = 0;
  let packEnds: { index: BlobIndex; ends: Float64Array } | undefined;

  function packEnd(index: BlobIndex, pack: number): number {
    let known = packEnds;
    if (known?.index !== index || pack >= known.ends.length)
      packEnds = known = { index, ends: endsOf(index) };
    return known.ends[pack]!;
  }

  async function readSealed(index: BlobIndex, entry: number): Promise<Uint8Array> {
    throwIfAborted(signal);
    const pack = index.packOf(entry);
    const name = fileName('pack', toHex(index.packId(pack)));
    const offset = index.offsetOf(entry);
    const length = index.lengthOf(entry);
    if (index.typeOf(entry) === 'tree') return segments.read(name, offset, length, packEnd(index, pack));
    return storage.read(name, { offset, length, signal });
  }

  /** Runs `use` on the sealed bytes of each place where the blob lies, until one is sound. */
  async function fromAnyPack<T>(
    type: 'data' | 'tree',
    id: Uint8Array,
    use: (index: BlobIndex, entry: number, sealed: Uint8Array) => T | Promise<T>,
  ): Promise<T> {
    const index = await parts.loadIndex();
    const places = index.findAll(type, id);
    if (places.length === 0) {
      throw new HoldfastError('not-found', `the ${type} blob ${toHex(id)} is in no index`, {
        hint: 'run `holdfast check`, and `holdfast repair index` when packs are missing from the index',
      });
    }
    let damage: unknown;
    for (const entry of places) {
      try {
        return await use(index, entry, await readSealed(index, entry));
      } catch (error) {
        if (signal.aborted) throw error;
        damage ??= { error, pack: toHex(index.packId(index.packOf(entry))) };
        segments.forget();
      }
    }
    const { error, pack } = damage as { error: unknown; pack: string };
    const code = error instanceof HoldfastError ? error.code : 'failed';
    const details = { cause: error, retryable: error instanceof HoldfastError && error.retryable };
    throw new HoldfastError(
      code,
      `the ${type} blob ${toHex(id)} in pack ${pack} cannot be read: ${messageOf(error)}`,
      details,
    );
  }

  const decodeCopy = (index: BlobIndex, entry: number, sealed: Uint8Array, id: Uint8Array) =>
    decoder.decodeChecked(sealed, index.uncompressedLengthOf(entry), id, 0).slice();

  function readBlob(type: 'data' | 'tree', id: Uint8Array): Promise<Uint8Array> {
    return fromAnyPack(type, id, (index, entry, sealed) => decodeCopy(index, entry, sealed, id));
  }

  async function readTreeBytes(id: Uint8Array): Promise<Uint8Array> {
    const index = await parts.loadIndex();
    const entry = index.find('tree', id);
    const cached = trees.get(entry);
    if (cached) {
      trees.delete(entry);
      trees.set(entry, cached);
      return cached;
    }
    const bytes = await readBlob('tree', id);
    if (bytes.length > treeCacheBytes / 8 || trees.has(entry)) return bytes;
    trees.set(entry, bytes);
    treeBytes += bytes.length;
    for (const [oldest, dropped] of trees) {
      if (treeBytes <= treeCacheBytes) break;
      trees.delete(oldest);
      treeBytes -= dropped.length;
    }
    return bytes;
  }

  return {
    readBlob,
    async readTree(id) {
      const bytes = await readTreeBytes(id);
      try {
        return parseTree(bytes);
      } catch (error) {
        throw damagedTree(id, error);
      }
    },
    async *streamTree(id) {
      // Authenticated as a whole before the first node is given out; the hash is known at the end only.
      const { opened, compressed, expected } = await fromAnyPack('tree', id, (index, entry, sealed) => ({
        opened: open(parts.key, sealed),
        compressed: index.uncompressedLengthOf(entry) !== 0,
        expected: index.uncompressedLengthOf(entry) || sealed.length - 32,
      }));
      const hash = createSha256();
      const stream = new TreeStream();
      let length = 0;
      try {
        for await (const piece of pieces(opened, compressed)) {
          throwIfAborted(signal);
          hash.update(piece);
          length += piece.length;
          yield* stream.push(piece);
        }
        yield* stream.finish();
      } catch (error) {
        throw error instanceof HoldfastError && error.code === 'interrupted' ? error : damagedTree(id, error);
      }
      if (Buffer.compare(hash.digest(), id) !== 0 || length !== expected) {
        throw damagedTree(id, new Error('its content does not match its id'));
      }
    },
    forget() {
      trees.clear();
      treeBytes = 0;
      packEnds = undefined;
      segments.forget();
    },
  };
}

async function* pieces(opened: Uint8Array, compressed: boolean): AsyncGenerator<Uint8Array, void, void> {
  if (compressed) {
    yield* Readable.from(slices(opened)).pipe(createZstdDecompress());
  } else {
    yield* slices(opened);
  }
}

function* slices(bytes: Uint8Array): Generator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += streamPiece) yield bytes.subarray(at, at + streamPiece);
}

/** Where the last blob of each pack ends. */
function endsOf(index: BlobIndex): Float64Array {
  const ends = new Float64Array(index.packCount);
  index.forEachEntry((entry) => {
    const pack = index.packOf(entry);
    ends[pack] = Math.max(ends[pack]!, index.offsetOf(entry) + index.lengthOf(entry));
  });
  return ends;
}

function damagedTree(id: Uint8Array, cause: unknown): HoldfastError {
  return new HoldfastError('corrupt', `the tree ${toHex(id)} is damaged: ${messageOf(cause)}`, { cause });
}
