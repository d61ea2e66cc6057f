/** The figures of a prune, as restic counts them. */

const blobCounts = {
  used: 0,
  duplicate: 0,
  unused: 0,
  total: 0,
  repack: 0,
  repackRemove: 0,
  remove: 0,
  removeTotal: 0,
  remaining: 0,
};
const byteCounts = { ...blobCounts, unreferenced: 0, uncompressed: 0, remainingUnused: 0 };
const packCounts = {
  used: 0,
  unused: 0,
  partlyUsed: 0,
  unreferenced: 0,
  total: 0,
  keep: 0,
  repack: 0,
  remove: 0,
  removeTotal: 0,
};

/** Numbers of blobs, of (sealed) bytes and of packs. `uncompressed` bytes are those of packs that hold such blobs. */
export interface PruneStatistics {
  readonly blobs: typeof blobCounts;
  readonly bytes: typeof byteCounts;
  readonly packs: typeof packCounts;
}

export function emptyStatistics(): PruneStatistics {
  return { blobs: { ...blobCounts }, bytes: { ...byteCounts }, packs: { ...packCounts } };
}

/** Computes the totals from the rest. */
export function sumUp({ blobs, bytes, packs }: PruneStatistics): void {
  blobs.total = blobs.used + blobs.unused + blobs.duplicate;
  blobs.removeTotal = blobs.remove + blobs.repackRemove;
  blobs.remaining = blobs.total - blobs.removeTotal;
  bytes.total = bytes.used + bytes.duplicate + bytes.unused + bytes.unreferenced;
  bytes.removeTotal = bytes.remove + bytes.repackRemove + bytes.unreferenced;
  bytes.remaining = bytes.total - bytes.removeTotal;
  bytes.remainingUnused = bytes.duplicate + bytes.unused - bytes.remove - bytes.repackRemove;
  packs.total = packs.used + packs.partlyUsed + packs.unused + packs.unreferenced;
  packs.removeTotal = packs.unreferenced + packs.remove;
}
