/** Headers of lz4 frames: bytes <-> what they say of the blocks that follow. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { xxh32 } from './xxh32.ts';

export const frameMagic = 0x184d2204;
/** a block's size of this says that there are no more */
export const endOfBlocks = 0;
/** set in the size of a block that is stored as it is */
export const uncompressedBit = 0x80000000;
export const ourBlockSize = 4 * 1024 * 1024;

export interface FrameHeader {
  /** blocks refer to those before */
  readonly linked: boolean;
  readonly blockChecksums: boolean;
  readonly contentChecksum: boolean;
  readonly contentSize: number | undefined;
  /** the most bytes that a block holds */
  readonly blockSize: number;
}

const version = 0x40;
const independentBit = 0x20;
const blockChecksumBit = 0x10;
const contentSizeBit = 0x08;
const contentChecksumBit = 0x04;
const reservedBit = 0x02;
const dictionaryBit = 0x01;
/** of largest blocks, by the three bits that say so */
const blockSizes: Readonly<Record<number, number>> = {
  4: 64 * 1024,
  5: 256 * 1024,
  6: 1024 * 1024,
  7: ourBlockSize,
};

/** Frames with notes of other programs, to be passed over. */
export function isSkippable(magic: number): boolean {
  return magic >= 0x184d2a50 && magic <= 0x184d2a5f;
}

/** The header of what we write, with the magic: independent blocks of the largest size, and a checksum over everything. */
export function ourHeader(): Uint8Array {
  const descriptor = Buffer.from([version | independentBit | contentChecksumBit, 7 << 4, 0]);
  descriptor[2] = checksumOf(descriptor.subarray(0, 2));
  const magic = Buffer.alloc(4);
  magic.writeUInt32LE(frameMagic);
  return Buffer.concat([magic, descriptor]);
}

/** Bytes of the header after its first two, which follow the magic. */
export function headerSizeOf(flags: number): number {
  return ((flags & contentSizeBit) !== 0 ? 8 : 0) + ((flags & dictionaryBit) !== 0 ? 4 : 0) + 1;
}

/** All of the header after the magic. Codes: `corrupt`, `unsupported`. */
export function parseHeader(bytes: Uint8Array): FrameHeader {
  const [flags = 0, sizes = 0] = bytes;
  const blockSize = blockSizes[(sizes >> 4) & 7];
  if (bytes.at(-1) !== checksumOf(bytes.subarray(0, -1)))
    throw damaged("its header's checksum does not match");
  if ((flags & 0xc0) !== version || (flags & reservedBit) !== 0 || (sizes & 0x8f) !== 0 || !blockSize) {
    throw new HoldfastError('unsupported', 'the lz4 data is of a newer version of the format');
  }
  if ((flags & dictionaryBit) !== 0) {
    throw new HoldfastError('unsupported', 'the lz4 data was made with a dictionary, which is not here');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    linked: (flags & independentBit) === 0,
    blockChecksums: (flags & blockChecksumBit) !== 0,
    contentChecksum: (flags & contentChecksumBit) !== 0,
    contentSize: (flags & contentSizeBit) !== 0 ? Number(view.getBigUint64(2, true)) : undefined,
    blockSize,
  };
}

function checksumOf(descriptor: Uint8Array): number {
  return (xxh32(descriptor) >>> 8) & 0xff;
}

function damaged(why: string): HoldfastError {
  return new HoldfastError('corrupt', `the lz4 data is damaged: ${why}`);
}
