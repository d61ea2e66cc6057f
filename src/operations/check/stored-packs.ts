/** The packs that are there against those that the index names. */
import { toHex } from '../../kernel/hex.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import type { PackLayout, PackSummary } from './pack-layout.ts';
import { entriesOf, summarize } from './pack-layout.ts';

/** A pack that the index names. */
export interface KnownPack extends PackSummary {
  /** its number in the index */
  readonly pack: number;
  /** 32 bytes */
  readonly id: Uint8Array;
  /** bytes of the stored file; undefined when there is none */
  readonly storedSize: number | undefined;
}

export interface StoredPacks {
  readonly known: readonly KnownPack[];
  /** hex ids of stored packs that no index names */
  readonly orphaned: readonly string[];
}

export async function compareStoredPacks(
  repository: Repository,
  index: BlobIndex,
  layout: PackLayout,
): Promise<StoredPacks> {
  /** -1 for what is not there; sizes of packs are whole numbers far below 2^53 */
  const sizes = new Float64Array(index.packCount).fill(-1);
  const orphaned: string[] = [];
  const bytes = Buffer.alloc(32);
  for await (const { id, size } of repository.list('pack')) {
    bytes.write(id, 'hex');
    const pack = index.findPack(bytes);
    if (pack >= 0) sizes[pack] = size;
    else orphaned.push(id);
  }
  const known: KnownPack[] = [];
  for (let pack = 0; pack < index.packCount; pack++) {
    const entries = entriesOf(layout, pack);
    // An index file may name a pack without blobs: nothing is lost with it.
    if (entries.length === 0) continue;
    const storedSize = sizes[pack]! < 0 ? undefined : sizes[pack]!;
    known.push({ pack, id: index.packId(pack), storedSize, ...summarize(index, entries) });
  }
  return { known, orphaned };
}

/** What is wrong with the file of a pack, as restic words it; undefined when nothing is. */
export function fileProblem(pack: KnownPack): string | undefined {
  if (pack.storedSize === undefined) return `pack ${toHex(pack.id)}: does not exist`;
  if (pack.storedSize === pack.size) return undefined;
  return `pack ${toHex(pack.id)}: unexpected file size: got ${pack.storedSize}, expected ${pack.size}`;
}
