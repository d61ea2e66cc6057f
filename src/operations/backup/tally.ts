/** Counts the items of one worker that are done, and reports each where every item is wanted. */
import { joinPath } from '../../sources/files/path.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';
import { sameNode } from '../node-equality.ts';
import type { CounterName, ItemEvent } from './protocol.ts';

/** Bytes that a packer has added. */
export interface Sizes {
  readonly added: number;
  readonly packed: number;
}

export interface TallyParts {
  readonly packer: Packer;
  /** report every item */
  readonly detail: boolean;
  count(name: CounterName, by: number): void;
  report(event: ItemEvent): void;
}

export interface Tally {
  /** What the packer has added so far: to be asked before an item, for `complete`. */
  sizes(): Sizes;
  complete(node: Node, previous: Node | undefined, path: Uint8Array, started: number, before: Sizes): void;
  completeSame(type: string, size: number, path: Uint8Array, started: number, name?: Uint8Array): void;
}

export function createTally(parts: TallyParts): Tally {
  const { packer } = parts;
  const sizes = (): Sizes => ({ added: packer.stats.bytesAdded, packed: packer.stats.bytesPacked });
  /** Counts an item that is done, and reports it when every item is wanted. */
  function complete(
    node: Node,
    previous: Node | undefined,
    path: Uint8Array,
    started: number,
    before: Sizes,
  ): void {
    const isDirectory = node.type === 'dir';
    const action = !previous ? 'new' : sameNode(previous, node) ? 'unmodified' : 'changed';
    if (isDirectory) {
      parts.count(action === 'new' ? 'dirsNew' : action === 'changed' ? 'dirsChanged' : 'dirsUnmodified', 1);
    } else if (node.type === 'file') {
      parts.count(
        action === 'new' ? 'filesNew' : action === 'changed' ? 'filesChanged' : 'filesUnmodified',
        1,
      );
      parts.count('bytesProcessed', node.size);
    }
    if (!parts.detail) return;
    const added = packer.stats.bytesAdded - before.added;
    const packed = packer.stats.bytesPacked - before.packed;
    parts.report({
      kind: 'stored',
      action,
      isDirectory,
      path: isDirectory ? Buffer.concat([path, Buffer.from('/')]) : path.slice(),
      seconds: (performance.now() - started) / 1000,
      dataSize: isDirectory ? 0 : added,
      dataSizeInRepo: isDirectory ? 0 : packed,
      metadataSize: isDirectory ? added : 0,
      metadataSizeInRepo: isDirectory ? packed : 0,
    });
  }

  /** Counts an item that is the parent snapshot's. */
  function completeSame(
    type: string,
    size: number,
    path: Uint8Array,
    started: number,
    name?: Uint8Array,
  ): void {
    if (type === 'dir') {
      parts.count('dirsUnmodified', 1);
    } else if (type === 'file') {
      parts.count('filesUnmodified', 1);
      parts.count('bytesProcessed', size);
      parts.count('bytesSeen', size);
    }
    if (!parts.detail) return;
    const isDirectory = type === 'dir';
    parts.report({
      kind: 'stored',
      action: 'unmodified',
      isDirectory,
      path: name ? joinPath(path, name) : Buffer.concat([path, Buffer.from('/')]),
      seconds: isDirectory ? (performance.now() - started) / 1000 : 0,
      dataSize: 0,
      dataSizeInRepo: 0,
      metadataSize: 0,
      metadataSizeInRepo: 0,
    });
  }

  return { sizes, complete, completeSame };
}
