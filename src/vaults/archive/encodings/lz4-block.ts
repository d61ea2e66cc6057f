/** Blocks of lz4 through the native binding, which puts the plain size in front of each: frames have it elsewhere. */
import { compress, uncompress } from 'lz4-napi';

const sizeBytes = 4;

export async function compressBlock(plain: Uint8Array): Promise<Uint8Array> {
  return (await compress(plain)).subarray(sizeBytes);
}

/** @param before what the block may refer to */
export function decompressBlock(
  block: Uint8Array,
  largest: number,
  before?: Uint8Array,
): Promise<Uint8Array> {
  const sized = Buffer.allocUnsafe(sizeBytes + block.length);
  sized.writeUInt32LE(largest);
  sized.set(block, sizeBytes);
  return uncompress(sized, before);
}
