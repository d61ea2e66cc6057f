/** Opens a tree of the snapshot before: as bytes to compare with, as nodes, or, when it is large, as a stream of them. */
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { parseTree } from '../../vaults/repository/format/tree.ts';
import type { BlobReader } from '../../vaults/repository/reader.ts';
import { previousTree, type PreviousTree } from './previous-tree.ts';
import { openTwin, type Twin } from './twin.ts';

/** Trees of more JSON than this are read as a stream. */
const largeTree = 16 * 1024 * 1024;

export async function openPrevious(
  reader: BlobReader,
  index: BlobIndex,
  id: Uint8Array,
): Promise<PreviousTree | Twin> {
  const entry = index.find('tree', id);
  if (entry >= 0 && index.uncompressedLengthOf(entry) >= largeTree)
    return previousTree(batchesOf(reader, id));
  const json = await reader.readBlob('tree', id);
  return openTwin(json) ?? previousTree([parseTree(json)].values());
}

async function* batchesOf(reader: BlobReader, id: Uint8Array): AsyncGenerator<Node[], void, void> {
  let batch: Node[] = [];
  for await (const node of reader.streamTree(id)) {
    batch.push(node);
    if (batch.length < 4096) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
