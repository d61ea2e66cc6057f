/** Copies snapshots from one repository into another: the blobs that are missing there, then the snapshots. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import type { BlobIndex } from '../vaults/repository/blob-index/blob-index.ts';
import { encodeSnapshot, type Snapshot } from '../vaults/repository/format/snapshot.ts';
import type { PackBlob } from '../vaults/repository/format/pack.ts';
import { parseTime } from '../vaults/repository/format/time.ts';
import type { Repository, SnapshotEntry } from '../vaults/repository/repository.ts';
import { findSnapshots, passOver, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { rootOf } from '../vaults/repository/tree-path.ts';
import { type BlobWriter, type BlobWriterOptions, createBlobWriter } from '../vaults/repository/writer.ts';
import { BlobSet } from './blob-set.ts';
import { compareTimes } from './forget-policy.ts';
import { repack } from './repack.ts';
import { addUsedBlobs } from './used-blobs.ts';

export interface CopyOptions extends BlobWriterOptions {
  /** which snapshots of the source */
  readonly filter: SnapshotFilter;
  onSkip?(source: SnapshotEntry, destinationId: string): void;
  onStart?(source: SnapshotEntry): void;
  /** what is to be copied for a snapshot, and how far it is; bytes are sealed ones */
  onProgress?(progress: { blobs: number; bytes: number; packs: number; packsDone: number }): void;
  onSaved?(source: SnapshotEntry, destinationId: string): void;
}

export interface CopyResult {
  readonly copied: readonly { readonly from: string; readonly to: string }[];
  readonly skipped: number;
}

/** A snapshot is committed when so many bytes are behind it: an interrupted copy goes on there. */
const batchBytes = 1600 * 1024 * 1024;

/** Needs a lock on both. Snapshots that are there already, by `original` and their own fields, are passed over. */
export async function copy(
  source: Repository,
  destination: Repository,
  options: CopyOptions,
  context: Context,
): Promise<CopyResult> {
  if (source.config.id === destination.config.id) {
    throw new HoldfastError('usage', 'source and destination are the same repository');
  }
  const chosen = await findSnapshots(source, options.filter, passOver(context));
  const present = await snapshotsByOriginal(destination, options.filter);
  const index = await source.loadIndex();
  await destination.loadIndex();
  const visited = new BlobSet(index);
  const copied: { from: string; to: string }[] = [];
  let skipped = 0;
  let batch: SnapshotEntry[] = [];
  let bytes = 0;
  let writer = await createBlobWriter(destination, options, context);

  const commit = async (): Promise<void> => {
    await writer.finish();
    for (const entry of batch) {
      const original = entry.snapshot.original ?? entry.id;
      const json = encodeSnapshot({ ...entry.snapshot, parent: undefined, original });
      const to = await destination.writeFile('snapshot', json);
      copied.push({ from: entry.id, to });
      options.onSaved?.(entry, to);
    }
    batch = [];
    bytes = 0;
  };

  for (const entry of chosen) {
    throwIfAborted(context.signal);
    const same = present
      .get(entry.snapshot.original ?? entry.id)
      ?.find(({ snapshot }) => sameSnapshot(snapshot, entry.snapshot));
    if (same) {
      skipped++;
      options.onSkip?.(entry, same.id);
      continue;
    }
    options.onStart?.(entry);
    bytes += await copyBlobs(source, destination, writer, entry, visited, options, context);
    batch.push(entry);
    if (bytes < batchBytes) continue;
    await commit();
    writer = await createBlobWriter(destination, options, context);
  }
  await commit();
  return { copied, skipped };
}

/** Copies what a snapshot needs and the destination lacks; resolves to its sealed bytes. */
async function copyBlobs(
  source: Repository,
  destination: Repository,
  writer: BlobWriter,
  { snapshot }: SnapshotEntry,
  visited: BlobSet,
  options: CopyOptions,
  context: Context,
): Promise<number> {
  const index = await source.loadIndex();
  const there = await destination.loadIndex();
  const added: number[] = [];
  await addUsedBlobs(source, [rootOf(snapshot)], visited, context, (entry) => added.push(entry));
  const [lost] = visited.missing;
  if (lost) {
    throw new HoldfastError('corrupt', `the ${lost.type} blob ${lost.id} is not in the index of the source`, {
      hint: 'run "holdfast check" on the source',
    });
  }
  const missing = added.filter((entry) => there.find(index.typeOf(entry), index.idOf(entry)) < 0);
  const entries = missing.flatMap((entry) => index.findAll(index.typeOf(entry), index.idOf(entry)));
  const bytes = missing.reduce((sum, entry) => sum + index.lengthOf(entry), 0);
  const packs = countPacks(index, entries);
  const report = (packsDone: number): void =>
    options.onProgress?.({ blobs: missing.length, bytes, packs, packsDone });
  report(0);
  const compresses = destination.config.version >= 2;
  const recode = (blob: PackBlob): boolean =>
    blob.uncompressedLength > 0 ? !compresses : compresses && options.compression !== 'off';
  const work = { entries, blobs: missing.length, again: false, recode, onPack: report };
  await repack(source, writer, work, context);
  return bytes;
}

function countPacks(index: BlobIndex, entries: readonly number[]): number {
  return new Set(entries.map((entry) => index.packOf(entry))).size;
}

async function snapshotsByOriginal(
  destination: Repository,
  { hosts, tags, paths }: SnapshotFilter,
): Promise<Map<string, SnapshotEntry[]>> {
  const found = new Map<string, SnapshotEntry[]>();
  const filter = { hosts: hosts ?? [], tags: tags ?? [], paths: paths ?? [] };
  for (const entry of await findSnapshots(destination, filter)) {
    for (const id of [entry.snapshot.original, entry.id]) {
      if (id !== undefined) found.set(id, [...(found.get(id) ?? []), entry]);
    }
  }
  return found;
}

/** All that restic compares: everything but the parent, the original, the program and the summary. */
function sameSnapshot(a: Snapshot, b: Snapshot): boolean {
  const includesAll = (all: readonly string[], some: readonly string[]): boolean =>
    all.length === some.length && some.every((text) => all.includes(text));
  return (
    compareTimes(parseTime(a.time), parseTime(b.time)) === 0 &&
    a.tree === b.tree &&
    a.hostname === b.hostname &&
    a.username === b.username &&
    a.uid === b.uid &&
    a.gid === b.gid &&
    includesAll(a.paths, b.paths) &&
    includesAll(a.tags, b.tags) &&
    a.excludes.length === b.excludes.length &&
    a.excludes.every((text, at) => text === b.excludes[at])
  );
}
