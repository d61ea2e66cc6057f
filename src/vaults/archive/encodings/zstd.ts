/** zstd on all processors: frames of a few megabytes in a row, each with its size and a checksum, which is one file to every zstd. */
import { promisify } from 'node:util';
import { constants, createZstdDecompress, zstdCompress } from 'node:zlib';
import { throwIfAborted } from '../../../kernel/errors.ts';
import { compressBound } from '../../../kernel/native/zstd.ts';
import { mapParallel } from '../../../kernel/parallel.ts';
import { blocksAtOnce, cutIntoBlocks } from './blocks.ts';
import type { Encoding } from './encoding.ts';
import { inflate } from './inflate.ts';

/** twice the window of the default level: what is lost at the borders does not show */
const blockSize = 4 * 1024 * 1024;
const outputSize = 256 * 1024;

const compressBlock = promisify<Uint8Array, object, Buffer>(zstdCompress);

export function zstdEncoding(level = 3): Encoding {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  const compress = (block: Uint8Array) =>
    compressBlock(block, {
      params,
      pledgedSrcSize: block.length,
      // one piece of output, whatever zstd makes of the block
      chunkSize: compressBound(block.length),
    });

  async function* encode(
    bytes: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): AsyncGenerator<Uint8Array, void, void> {
    let empty = true;
    for await (const frame of mapParallel(cutIntoBlocks(bytes, blockSize), blocksAtOnce, (block) => {
      throwIfAborted(signal);
      return compress(block);
    })) {
      empty = false;
      yield frame;
    }
    if (empty) yield compress(new Uint8Array(0));
  }

  return {
    name: 'zstd',
    extension: '.zst',
    keepsInput: false,
    encode,
    decode: (bytes, signal) =>
      inflate(createZstdDecompress({ chunkSize: outputSize }), 'zstd', bytes, signal),
  };
}
