/**
 * gzip on all processors: one ordinary member, whose blocks are deflated apart, each knowing the end of the one before,
 * as pigz does. Neither a name nor a time is in the header: the same bytes give the same file.
 */
import { promisify } from 'node:util';
import { constants, crc32, createGunzip, deflateRaw } from 'node:zlib';
import { throwIfAborted } from '../../../kernel/errors.ts';
import { mapParallel } from '../../../kernel/parallel.ts';
import { blocksAtOnce, cutIntoBlocks } from './blocks.ts';
import type { Encoding } from './encoding.ts';
import { inflate } from './inflate.ts';

const blockSize = 1024 * 1024;
/** how far back deflate can refer */
const windowSize = 32 * 1024;
const outputSize = 256 * 1024;
/** magic, deflate, no flags, no time, no hint about the level, unknown operating system */
const header = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff);
/** an empty last block: those before it end on whole bytes and say that more follows */
const lastBlock = Uint8Array.of(0x03, 0x00);

const deflateBlock = promisify<Uint8Array, object, Buffer>(deflateRaw);

export function gzipEncoding(level = 6): Encoding {
  return {
    name: 'gzip',
    extension: '.gz',
    keepsInput: false,
    encode: (bytes, signal) => encode(bytes, level, signal),
    decode: (bytes, signal) => inflate(createGunzip({ chunkSize: outputSize }), 'gzip', bytes, signal),
  };
}

async function* encode(
  bytes: AsyncIterable<Uint8Array>,
  level: number,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, void> {
  let sum = 0;
  let size = 0;
  let before: Uint8Array | undefined;
  yield header;
  const deflated = mapParallel(cutIntoBlocks(bytes, blockSize), blocksAtOnce, async (block) => {
    throwIfAborted(signal);
    const dictionary = before?.subarray(-windowSize);
    before = block;
    size += block.length;
    sum = crc32(block, sum);
    const options = {
      level,
      finishFlush: constants.Z_SYNC_FLUSH,
      // one piece of output, whatever deflate makes of the block
      chunkSize: block.length + (block.length >> 8) + 1024,
      ...(dictionary && { dictionary }),
    };
    return deflateBlock(block, options);
  });
  yield* deflated;
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(sum, 0);
  trailer.writeUInt32LE(size % 2 ** 32, 4);
  yield Buffer.concat([lastBlock, trailer]);
}
