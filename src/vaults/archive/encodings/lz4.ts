/**
 * lz4 on all processors: one frame of independent blocks with a checksum over everything. Blocks are worked on in
 * libuv's pool; what other programs write (linked blocks, several frames, frames to be skipped) is read as well.
 */
import { HoldfastError, throwIfAborted } from '../../../kernel/errors.ts';
import { mapParallel } from '../../../kernel/parallel.ts';
import { blocksAtOnce, cutIntoBlocks } from './blocks.ts';
import { type ByteQueue, queueOf } from '../../../kernel/byte-queue.ts';
import type { Encoding } from './encoding.ts';
import { compressBlock, decompressBlock } from './lz4-block.ts';
import {
  endOfBlocks,
  frameMagic,
  type FrameHeader,
  headerSizeOf,
  isSkippable,
  ourHeader,
  ourBlockSize,
  parseHeader,
  uncompressedBit,
} from './lz4-header.ts';
import { createXxh32, xxh32 } from './xxh32.ts';

/** how far back a linked block can refer */
const windowSize = 64 * 1024;

export function lz4Encoding(): Encoding {
  return { name: 'lz4', extension: '.lz4', encode, decode };
}

async function* encode(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  const sum = createXxh32();
  yield ourHeader();
  yield* mapParallel(cutIntoBlocks(bytes, ourBlockSize), blocksAtOnce, async (block) => {
    throwIfAborted(signal);
    // begun first, so that it goes on in another thread while this one sums up
    const compressing = compressBlock(block);
    sum.update(block);
    const compressed = await compressing;
    return compressed.length < block.length
      ? Buffer.concat([uint32(compressed.length), compressed])
      : Buffer.concat([uint32((block.length | uncompressedBit) >>> 0), block]);
  });
  yield Buffer.concat([uint32(endOfBlocks), uint32(sum.digest())]);
}

async function* decode(
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  await using queue = queueOf(bytes);
  for (let frames = 0; ; frames++) {
    throwIfAborted(signal);
    const start = await queue.read(4);
    if (start.length === 0 && frames > 0) return;
    const magic = numberOf(start);
    if (isSkippable(magic)) {
      await skip(queue, numberOf(await queue.read(4)));
    } else if (magic === frameMagic) {
      yield* decodeFrame(queue, signal);
    } else {
      throw damaged(frames === 0 ? 'it does not begin as a frame' : 'it is followed by something else');
    }
  }
}

interface StoredBlock {
  readonly bytes: Uint8Array;
  readonly compressed: boolean;
}

async function* decodeFrame(queue: ByteQueue, signal: AbortSignal): AsyncGenerator<Uint8Array, void, void> {
  const header = await readHeader(queue);
  const sum = createXxh32();
  let size = 0;
  const blocks = readBlocks(queue, header);
  const opened = header.linked
    ? openLinked(blocks, header)
    : mapParallel(blocks, blocksAtOnce, (block) => open(block, header));
  for await (const block of opened) {
    throwIfAborted(signal);
    if (header.contentChecksum) sum.update(block);
    size += block.length;
    yield block;
  }
  if (header.contentSize !== undefined && header.contentSize !== size) {
    throw damaged(`it holds ${size} bytes and states ${header.contentSize}`);
  }
  if (header.contentChecksum && numberOf(await whole(queue, 4)) !== sum.digest()) {
    throw damaged('its checksum does not match');
  }
}

async function readHeader(queue: ByteQueue): Promise<FrameHeader> {
  const start = await whole(queue, 2);
  const rest = await whole(queue, headerSizeOf(start[0]!));
  return parseHeader(Buffer.concat([start, rest]));
}

async function* readBlocks(queue: ByteQueue, header: FrameHeader): AsyncGenerator<StoredBlock, void, void> {
  for (;;) {
    const word = numberOf(await whole(queue, 4));
    if (word === endOfBlocks) return;
    const length = word & ~uncompressedBit;
    if (length > header.blockSize) throw damaged('one of its blocks is too large');
    const bytes = await whole(queue, length);
    if (header.blockChecksums && numberOf(await whole(queue, 4)) !== xxh32(bytes)) {
      throw damaged("one of its blocks' checksums does not match");
    }
    yield { bytes, compressed: (word & uncompressedBit) === 0 };
  }
}

async function open(block: StoredBlock, header: FrameHeader, before?: Uint8Array): Promise<Uint8Array> {
  if (!block.compressed) return block.bytes;
  return decompressBlock(block.bytes, header.blockSize, before).catch((cause: unknown) => {
    throw damaged('one of its blocks cannot be decompressed', cause);
  });
}

async function* openLinked(
  blocks: AsyncIterable<StoredBlock>,
  header: FrameHeader,
): AsyncGenerator<Uint8Array, void, void> {
  let before: Uint8Array | undefined;
  for await (const block of blocks) {
    const opened = await open(block, header, before);
    yield opened;
    before =
      opened.length >= windowSize || !before
        ? opened.subarray(-windowSize)
        : Buffer.concat([before, opened]).subarray(-windowSize);
  }
}

async function skip(queue: ByteQueue, size: number): Promise<void> {
  for (let left = size; left > 0;) left -= (await whole(queue, Math.min(left, windowSize))).length;
}

async function whole(queue: ByteQueue, count: number): Promise<Uint8Array> {
  const bytes = await queue.read(count);
  if (bytes.length < count) throw new HoldfastError('truncated', 'the lz4 data ends early');
  return bytes;
}

function numberOf(bytes: Uint8Array): number {
  if (bytes.length < 4) throw new HoldfastError('truncated', 'the lz4 data ends early');
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

function uint32(value: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function damaged(why: string, cause?: unknown): HoldfastError {
  return new HoldfastError('corrupt', `the lz4 data is damaged: ${why}`, { cause });
}
