/** How much a set of snapshots holds, counted in one of restic's four ways. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { sha256 } from '../kernel/native/crypto.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import { SEAL_OVERHEAD } from '../vaults/repository/format/seal.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { BlobSet, plainLength } from './blob-set.ts';
import { walkTree } from './tree-walk.ts';
import { addUsedBlobs } from './used-blobs.ts';

export const statsModes = ['restore-size', 'files-by-contents', 'blobs-per-file', 'raw-data'] as const;
/**
 * restore-size: bytes of all files, hard links once a snapshot; files-by-contents: of files with different contents;
 * blobs-per-file: of the blobs that each file refers to; raw-data: of the blobs as they are stored.
 */
export type StatsMode = (typeof statsModes)[number];

export interface StatsOptions {
  readonly filter: SnapshotFilter;
  /** default restore-size */
  readonly mode?: StatsMode;
  readonly onProgress?: (snapshots: number, total: number) => void;
}

export interface StatsResult {
  readonly snapshots: number;
  /** bytes */
  readonly totalSize: number;
  readonly totalFiles: number;
  readonly totalBlobs: number;
  /** raw-data in a version 2 repository; bytes before compression, seals included */
  readonly compression: CompressionStats | undefined;
}

export interface CompressionStats {
  readonly totalUncompressedSize: number;
  /** of the blobs that are compressed; undefined when none is */
  readonly ratio: number | undefined;
  /** percent of the bytes that are in compressed blobs */
  readonly progress: number;
  /** percent */
  readonly spaceSaving: number;
}

/** Codes as findSnapshots, and `corrupt` where something is missing. */
export async function stats(
  repository: Repository,
  options: StatsOptions,
  context: Context,
): Promise<StatsResult> {
  const { mode = 'restore-size' } = options;
  const entries = await findSnapshots(repository, options.filter, passOver(context));
  const index = await repository.loadIndex();
  const used = new BlobSet(index);
  const counted = { totalSize: 0, totalFiles: 0, totalBlobs: 0 };
  const contents = new Set<string>();
  const blobsOfPath = new Map<string, Set<number>>();

  const countBlobs = (path: string, content: Uint8Array): void => {
    const seen = blobsOfPath.get(path) ?? new Set<number>();
    if (seen.size === 0) counted.totalFiles++;
    for (let at = 0; at < content.length; at += 32) {
      const entry = index.find('data', content, at);
      if (entry < 0) throw new HoldfastError('corrupt', `a blob of ${path} is not in the index`);
      if (seen.has(entry)) continue;
      seen.add(entry);
      counted.totalSize += plainLength(index, entry);
      counted.totalBlobs++;
    }
    blobsOfPath.set(path, seen);
  };

  const countContent = (path: string, node: Node): void => {
    const content = node.content ?? new Uint8Array(0);
    const key = Buffer.from(sha256(content)).toString('latin1');
    if (contents.has(key)) return;
    contents.add(key);
    if (mode === 'blobs-per-file') {
      if (content.length > 0) countBlobs(path, content);
      return;
    }
    counted.totalSize += node.size;
    counted.totalFiles++;
  };

  for (const [at, { snapshot }] of entries.entries()) {
    options.onProgress?.(at, entries.length);
    if (mode === 'raw-data') {
      await addUsedBlobs(repository, [rootOf(snapshot)], used, context);
      continue;
    }
    const links = new Set<string>();
    const countFile = (node: Node): void => {
      counted.totalFiles++;
      if (node.links !== 1 && node.type !== 'dir' && node.inode !== 0n) {
        const key = `${node.deviceId} ${node.inode}`;
        if (links.has(key)) return;
        links.add(key);
      }
      counted.totalSize += node.size;
    };
    const entry = (path: string, node: Node): void =>
      mode === 'restore-size' ? countFile(node) : countContent(path, node);
    await walkTree(repository, rootOf(snapshot), { entry }, context);
  }
  if (mode === 'raw-data')
    return { snapshots: entries.length, ...countRaw(index, used, repository.config.version) };
  return { snapshots: entries.length, ...counted, compression: undefined };
}

function countRaw(index: BlobIndex, blobs: BlobSet, version: 1 | 2): Omit<StatsResult, 'snapshots'> {
  const [lost] = blobs.missing;
  if (lost) throw new HoldfastError('corrupt', `the ${lost.type} blob ${lost.id} is not in the index`);
  let totalSize = 0;
  let uncompressed = 0;
  let squeezed = 0;
  let squeezedFrom = 0;
  for (const entry of blobs.entries) {
    const length = index.lengthOf(entry);
    const before = plainLength(index, entry) + SEAL_OVERHEAD;
    totalSize += length;
    uncompressed += before;
    if (index.uncompressedLengthOf(entry) === 0) continue;
    squeezed += length;
    squeezedFrom += before;
  }
  const compression =
    version >= 2 && uncompressed > 0
      ? {
          totalUncompressedSize: uncompressed,
          ratio: squeezed > 0 ? squeezedFrom / squeezed : undefined,
          progress: (squeezedFrom / uncompressed) * 100,
          spaceSaving: (1 - totalSize / uncompressed) * 100,
        }
      : undefined;
  return { totalSize, totalFiles: 0, totalBlobs: blobs.size, compression };
}
