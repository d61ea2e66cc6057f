/** How a blob becomes fewer bytes: the levels behind the words, and what is not worth a try. */
import { compressBound, compressInto, type Effort } from '../../../kernel/native/zstd.ts';
import { createRowCompressor, largestRows } from './row-effort.ts';

export type CompressionMode = 'auto' | 'off' | 'fastest' | 'better' | 'max';

export const compressionModes: readonly CompressionMode[] = ['auto', 'off', 'fastest', 'better', 'max'];

const levels: Record<Exclude<CompressionMode, 'off' | 'auto'>, Effort> = { fastest: 1, better: 9, max: 19 };

/**
 * Together these give the size of restic's default on mixed files at the best pace. zstd's own tables for these levels are
 * made for one stream with a cache to itself: smaller ones lose up to one percent (which shorter matches win back for small
 * blobs), and take a seventh of all processor time off a first backup.
 */
const autoSmall: Effort = { level: 3, minMatch: 4, hashLog: 14, chainLog: 14 };
const autoLarge: Effort = { level: 2, minMatch: 5, hashLog: 15 };
const autoSmallUpTo = 512 * 1024;
/** Large blocks of a table's rows come out as small as with level 3, and a third sooner. */
const autoRows: Effort = 2;

export type BlobContent = 'tree' | 'file' | 'rows';

function effortOf(mode: Exclude<CompressionMode, 'off'>, size: number, content: BlobContent): Effort {
  if (mode !== 'auto') return levels[mode];
  if (content === 'rows') return autoRows;
  return size <= autoSmallUpTo ? autoSmall : autoLarge;
}

/** Blobs of at least this size are probed before they are compressed whole. */
const probeFrom = 256 * 1024;
const probeLength = 16 * 1024;
/** A probe that keeps more than this share of its bytes says that the blob will not shrink. */
const hopeless = 0.98;

const probeOut = new Uint8Array(compressBound(probeLength));

/** Looks no closer than it takes to see what repeats far apart: 16 KiB in a microsecond. */
const quickest: Effort = -1;

/** True when a large blob shrinks in none of three places, nor as a whole. `scratch` has room for what is worth keeping. */
function isIncompressible(data: Uint8Array, scratch: Uint8Array): boolean {
  if (data.length < probeFrom) return false;
  for (const part of [0.1, 0.5, 0.9]) {
    const at = Math.floor((data.length - probeLength) * part);
    if (compressInto(probeOut, data.subarray(at, at + probeLength), 1) < probeLength * hopeless) return false;
  }
  const whole = compressInto(scratch, data, quickest);
  return whole < 0 || whole >= data.length * hopeless;
}

/**
 * Compresses `data` into `dst`; the number of bytes written, or 0 when the blob is better stored as it is.
 * `dst` should have room for `data.length` bytes. A tree is never stored as it is, and needs room for
 * `compressBound(data.length)`: prune would pack a tree that is not compressed anew for ever.
 */
export type Squeeze = (dst: Uint8Array, data: Uint8Array, content: BlobContent) => number;

/** What a blob tells of those that follow is remembered: one for each thread. */
export function createSqueeze(mode: CompressionMode): Squeeze {
  const compressRows = createRowCompressor();
  return (dst, data, content) => {
    if (data.length === 0) return 0;
    if (content === 'tree') {
      const effort = mode === 'off' ? autoSmall : effortOf(mode, data.length, content);
      return Math.max(0, compressInto(dst, data, effort));
    }
    if (mode === 'off') return 0;
    if (mode === 'auto' && content === 'rows' && data.length <= largestRows)
      return fitting(compressRows(dst, data), data);
    if (mode !== 'max' && isIncompressible(data, dst)) return 0;
    return fitting(compressInto(dst, data, effortOf(mode, data.length, content)), data);
  };
}

function fitting(written: number, data: Uint8Array): number {
  return written >= 0 && written < data.length ? written : 0;
}
