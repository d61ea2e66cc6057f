/** A thread of the check: decodes blobs, parses trees, compares headers. It never touches the storage. */
import { serve, Transfer } from '../../kernel/pool-worker.ts';
import { toHex } from '../../kernel/hex.ts';
import { createBlobDecoder } from '../../vaults/repository/blob-decoder.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { CheckAnswer, CheckRequest, TreeAnswer } from './check-protocol.ts';
import { checkBlobs, checkPack } from './pack-check.ts';
import type { PackParts } from './pack-check.ts';
import type { PackLayout } from './pack-layout.ts';
import { entriesOf } from './pack-layout.ts';
import { checkTree } from './tree-check.ts';

serve<undefined, CheckRequest, CheckAnswer>(() => {
  let parts: PackParts | undefined;
  let layout: PackLayout | undefined;
  let withPacks = false;

  return (request) => {
    if (request.kind === 'begin') {
      const { key } = request;
      parts = { index: BlobIndex.attach(request.index), key, decoder: createBlobDecoder(key) };
      layout = request.layout;
      withPacks = request.withPacks;
      return { errors: [], trees: [] };
    }
    const { index } = parts!;
    const trees: TreeAnswer[] = [];
    const onTree = (entry: number, plain: Uint8Array | undefined, why: string): void => {
      const id = index.idOf(entry);
      const first = index.find('tree', id);
      const found = plain
        ? checkTree(index, toHex(id), plain, withPacks)
        : { children: [], missing: [], packs: [], errors: [] };
      trees.push({ entry: first, damage: plain ? '' : why || 'it cannot be decoded', ...found });
    };
    if (request.kind === 'trees') {
      const entries = layout!.order
        .subarray(request.from, request.to)
        .filter((entry) => index.typeOf(entry) === 'tree');
      checkBlobs(parts!, entries, request.bytes, request.start, onTree);
      release(request.bytes);
      return { errors: [], trees };
    }
    const { pack, bytes } = request;
    const errors = checkPack(
      parts!,
      pack,
      entriesOf(layout!, pack),
      bytes,
      request.trees ? onTree : () => {},
    );
    const memory = bytes.buffer;
    return new Transfer<CheckAnswer>({ errors, trees, memory }, [memory]);
  };
});

/** Packs come faster than the collector looks for their memory: it is given back at once. */
function release(bytes: Uint8Array<ArrayBuffer>): void {
  bytes.buffer.transfer(0);
}
