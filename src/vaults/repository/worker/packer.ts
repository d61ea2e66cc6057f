/**
 * One thread's way from plaintext to packs: hash, deduplicate, compress, seal, decode again and compare, pack.
 * A blob's bytes are touched where they lie and written once, into the pack that leaves this thread.
 */
import { ByteWriter } from '../../../kernel/bytes.ts';
import { HoldfastError } from '../../../kernel/errors.ts';
import { sha256, sha256Into } from '../../../kernel/native/crypto.ts';
import { sharedForDisk } from '../../../kernel/native/page-cache.ts';
import { compressBound, decompressInto } from '../../../kernel/native/zstd.ts';
import { type BlobType, MAX_PACK_BLOBS, writeHeaderEntry } from '../format/pack.ts';
import { createSealer, type MasterKey, SEAL_OVERHEAD } from '../format/seal.ts';
import { type BlobContent, type CompressionMode, createSqueeze } from './compression.ts';
import { openStage, type Profile } from './profile.ts';

/** Room beyond the size at which a pack is closed: most blobs fit into it, and a pack is closed early for larger ones. */
const overhang = 2 * 1024 * 1024;
/** Trees come to little: their pack begins small and grows. */
const treeCapacity = 1024 * 1024;
const ivLength = 16;

/** What a packer asks about blobs: true for the one caller, of all threads, that must store the blob. */
export interface Claims {
  claim(type: BlobType, id: Uint8Array, at?: number): boolean;
}

/** A pack that is complete, or (when `id` is missing) only begun, and handed to another packer to go on with. */
export interface PackBytes {
  type: BlobType;
  /** the pack is `buffer[0, length)`; shared, because memory that moves from thread to thread makes each collect garbage */
  buffer: Uint8Array<SharedArrayBuffer>;
  length: number;
  /** plain, of the blobs so far; owns its buffer, so that it can be transferred */
  header: Uint8Array<ArrayBuffer>;
  /** blobs in it */
  count: number;
}

export interface FinishedPack extends PackBytes {
  /** SHA-256 of the pack's bytes */
  id: Uint8Array;
}

/** A pack that blobs are put into. */
interface OpenPack {
  readonly type: BlobType;
  buffer: Uint8Array<SharedArrayBuffer>;
  length: number;
  readonly header: ByteWriter;
  count: number;
}

export interface PackerOptions {
  readonly key: MasterKey;
  readonly claims: Claims;
  readonly compression: CompressionMode;
  /** version 1 repositories have no compression */
  readonly version: 1 | 2;
  /** bytes at which a pack is closed */
  readonly packSize: number;
  /** takes a complete pack; its memory is left alone until it comes back by `recycle` */
  readonly onPack: (pack: FinishedPack) => void;
  readonly profile?: Profile | undefined;
}

export interface Packer {
  /**
   * Stores `data` unless it is there already and writes its 32-byte id to `idOut[at]`. True when it was stored now.
   * Code `corrupt` when the stored form does not decode to the same bytes. `content` is what compression can know.
   */
  put(type: BlobType, data: Uint8Array, idOut: Uint8Array, at: number, content?: BlobContent): boolean;
  /**
   * Stores a blob that the caller hashed, compressed and decoded again, unless it is there already. `uncompressedLength`
   * is 0 when `stored` is the plaintext. True when it was stored now.
   */
  putEncoded(type: BlobType, id: Uint8Array, stored: Uint8Array, uncompressedLength: number): boolean;
  /** false in repositories of version 1 */
  readonly compresses: boolean;
  /** Gives a pack's memory back. Dropped memory would wait for a collection that sees no reason to hurry. */
  recycle(buffer: Uint8Array<SharedArrayBuffer>): void;
  /** Takes the packs that are begun out of this packer. */
  takePartial(): PackBytes[];
  /** Goes on with a pack that another packer began. */
  absorb(pack: PackBytes): void;
  /** Closes the packs that are begun. */
  finish(): void;
  readonly stats: PackerStats;
}

export interface PackerStats {
  dataBlobs: number;
  treeBlobs: number;
  /** plaintext bytes of new blobs */
  bytesAdded: number;
  /** sealed bytes of new blobs */
  bytesPacked: number;
}

export function createPacker(options: PackerOptions): Packer {
  const { claims, packSize, profile, version } = options;
  const sealer = createSealer(options.key);
  const squeeze = createSqueeze(options.compression);
  const capacity = packSize + overhang;
  const free: Uint8Array<SharedArrayBuffer>[] = [];
  const open = new Map<BlobType, OpenPack>();
  const stats: PackerStats = { dataBlobs: 0, treeBlobs: 0, bytesAdded: 0, bytesPacked: 0 };
  let opened = new Uint8Array(1 << 20);
  let decoded = new Uint8Array(1 << 20);

  const grow = (scratch: Uint8Array<ArrayBuffer>, length: number) =>
    scratch.length >= length ? scratch : new Uint8Array(Math.max(length, scratch.length * 2));

  /** The open pack of a type, with room for a blob of at most `length` sealed bytes. */
  function packFor(type: BlobType, length: number): OpenPack {
    let pack = open.get(type);
    if (pack && pack.length + length > Math.max(capacity, pack.buffer.length)) {
      close(pack);
      pack = undefined;
    }
    if (!pack) {
      pack = { type, buffer: memoryFor(type, length), length: 0, header: new ByteWriter(), count: 0 };
      open.set(type, pack);
    }
    const needed = pack.length + length;
    if (needed > pack.buffer.length)
      enlarge(pack, Math.min(capacity, Math.max(needed, pack.buffer.length * 4)));
    return pack;
  }

  function memoryFor(type: BlobType, length: number): Uint8Array<SharedArrayBuffer> {
    if (length > capacity) return sharedForDisk(length);
    if (type === 'tree') return sharedForDisk(Math.max(length, treeCapacity));
    return free.pop() ?? sharedForDisk(capacity);
  }

  function enlarge(pack: OpenPack, capacity: number): void {
    const larger = sharedForDisk(capacity);
    larger.set(pack.buffer.subarray(0, pack.length));
    pack.buffer = larger;
  }

  function close(pack: OpenPack): void {
    if (open.get(pack.type) === pack) open.delete(pack.type);
    if (pack.count === 0) return;
    const done = openStage(profile, 'pack');
    const header = pack.header.take();
    const end = pack.length + header.length + SEAL_OVERHEAD + 4;
    if (end > pack.buffer.length) enlarge(pack, end);
    pack.buffer.set(header, pack.length + ivLength);
    const headerEnd = sealer.sealInPlace(pack.buffer, pack.length, header.length);
    const { buffer, byteOffset } = pack.buffer;
    new DataView(buffer, byteOffset).setUint32(headerEnd, headerEnd - pack.length, true);
    pack.length = end;
    const id = sha256(pack.buffer.subarray(0, end));
    done();
    options.onPack({ ...pack, header, id });
  }

  /** Decodes `sealed` as a reader would and compares it with what it was made from. */
  function verify(sealed: Uint8Array, data: Uint8Array, compressed: boolean): void {
    let done = openStage(profile, 'open again');
    opened = grow(opened, sealed.length);
    const plain = opened.subarray(0, sealed.length - SEAL_OVERHEAD);
    sealer.openInto(sealed, plain);
    done();
    done = openStage(profile, 'decode again');
    let result = plain;
    if (compressed) {
      decoded = grow(decoded, data.length);
      result = decoded.subarray(0, decompressInto(decoded.subarray(0, data.length), plain));
    }
    if (Buffer.compare(result, data) !== 0) throw damagedInMemory();
    done();
  }

  /** The blob's stored form lies at `pack.buffer[pack.length + 16]` for `length` bytes: seals it and enters it. */
  function append(pack: OpenPack, id: Uint8Array, length: number, uncompressedLength: number): Uint8Array {
    const offset = pack.length;
    const done = openStage(profile, 'seal');
    pack.length = sealer.sealInPlace(pack.buffer, offset, length);
    done();
    const sealedLength = pack.length - offset;
    writeHeaderEntry(pack.header, pack.type, id, sealedLength, uncompressedLength);
    pack.count++;
    if (pack.type === 'data') stats.dataBlobs++;
    else stats.treeBlobs++;
    stats.bytesPacked += sealedLength;
    return pack.buffer.subarray(offset, pack.length);
  }

  function closeWhenFull(pack: OpenPack): void {
    if (pack.length >= packSize || pack.count >= MAX_PACK_BLOBS) close(pack);
  }

  return {
    stats,
    compresses: version !== 1,
    put(type, data, idOut, at, content = type === 'tree' ? 'tree' : 'file') {
      let done = openStage(profile, 'hash');
      sha256Into(data, idOut, at);
      done();
      if (!claims.claim(type, idOut, at)) return false;
      const pack = packFor(type, compressBound(data.length) + SEAL_OVERHEAD);
      const bodyStart = pack.length + ivLength;
      done = openStage(profile, 'compress');
      const room = pack.buffer.subarray(bodyStart, bodyStart + compressBound(data.length));
      const squeezed = version === 1 ? 0 : squeeze(room, data, content);
      if (squeezed === 0) pack.buffer.set(data, bodyStart);
      done();
      const sealed = append(
        pack,
        idOut.subarray(at, at + 32),
        squeezed || data.length,
        squeezed === 0 ? 0 : data.length,
      );
      verify(sealed, data, squeezed !== 0);
      stats.bytesAdded += data.length;
      closeWhenFull(pack);
      return true;
    },
    putEncoded(type, id, stored, uncompressedLength) {
      if (!claims.claim(type, id)) return false;
      const pack = packFor(type, stored.length + SEAL_OVERHEAD);
      pack.buffer.set(stored, pack.length + ivLength);
      const sealed = append(pack, id, stored.length, uncompressedLength);
      verify(sealed, stored, false);
      stats.bytesAdded += uncompressedLength || stored.length;
      closeWhenFull(pack);
      return true;
    },
    recycle(buffer) {
      if (buffer.length === capacity && free.length < 2) free.push(buffer);
    },
    takePartial() {
      const packs = [...open.values()].filter(({ count }) => count > 0);
      open.clear();
      return packs.map((pack) => ({ ...pack, header: pack.header.take() }));
    },
    absorb(pack) {
      const mine = open.get(pack.type);
      const theirs = { ...pack, header: new ByteWriter(pack.header.length) };
      theirs.header.writeBytes(pack.header);
      if (!mine) {
        open.set(pack.type, theirs);
      } else if (mine.length + pack.length > capacity) {
        close(theirs);
      } else {
        if (mine.length + pack.length > mine.buffer.length) enlarge(mine, mine.length + pack.length);
        mine.buffer.set(pack.buffer.subarray(0, pack.length), mine.length);
        mine.header.writeBytes(pack.header);
        mine.count += pack.count;
        mine.length += pack.length;
        closeWhenFull(mine);
      }
    },
    finish() {
      for (const pack of [...open.values()]) close(pack);
    },
  };
}

export function damagedInMemory(): HoldfastError {
  return new HoldfastError(
    'corrupt',
    'a block did not decode to what was stored: memory or processor is at fault',
    {
      hint: 'nothing was committed; test this machine (memtest86+) before you trust it with backups',
    },
  );
}
