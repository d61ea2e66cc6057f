/** What one worker does with one entry of the source: decide whether it changed, store its content, make its node. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { Listing, listDirectory } from '../../sources/files/listing.ts';
import { metadataOf, readMetadata, type MetadataOptions } from '../../sources/files/metadata.ts';
import { changedWhileOpen, closeFile, openFile, type OpenFile } from '../../sources/files/read-file.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Chunker } from '../../vaults/repository/chunker/chunker.ts';
import { toGoMode } from '../../vaults/repository/format/go-mode.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { localOffset } from '../../vaults/repository/format/time.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';
import { openStage, type Profile } from '../../vaults/repository/worker/profile.ts';
import { sameNode } from '../node-equality.ts';
import { type ChangeRules, hasChanged } from './change-rules.ts';
import type { NodeSequence } from './node-sequence.ts';
import type { Ahead, CounterName, ItemEvent } from './protocol.ts';
import { createBlobIds, storeFile } from './store-file.ts';

export interface EntryStoreParts {
  readonly rules: ChangeRules;
  readonly withAtime: boolean;
  readonly detail: boolean;
  readonly chunker: Chunker;
  readonly packer: Packer;
  readonly index: BlobIndex;
  readonly profile: Profile | undefined;
  count(name: CounterName, by: number): void;
  /** Says what is being read. */
  current(snapshotPath: Uint8Array): void;
  report(event: ItemEvent): void;
  pause(): Promise<void> | undefined;
  /** A listing that was made ahead, handed out once. */
  takeAhead(path: Uint8Array): Ahead | undefined;
}

/** A directory whose entries are to be visited. */
export interface OpenedDirectory {
  readonly node: Node;
  readonly snapshotPath: Uint8Array;
  readonly listing: Listing;
  readonly ahead: Map<number, Ahead> | undefined;
  readonly previous: Node | undefined;
  /** milliseconds */
  readonly started: number;
}

export interface EntryStore {
  readonly compresses: boolean;
  /** Lists a directory; undefined when that fails, which is reported. */
  openDirectory(
    path: Uint8Array,
    snapshotPath: Uint8Array,
    listing: Listing,
    i: number,
    previous: Node | undefined,
    ahead: Ahead | undefined,
  ): OpenedDirectory | undefined;
  /** Stores the tree of a directory whose nodes are all known; its node. */
  finishDirectory(directory: OpenedDirectory, sequence: NodeSequence): Node;
  /** Stores anything but a directory; its node, or undefined when it could not be read, which is reported. */
  storeEntry(
    path: Uint8Array,
    snapshotPath: Uint8Array,
    listing: Listing,
    i: number,
    previous: Node | undefined,
  ): Node | undefined | Promise<Node | undefined>;
}

export function createEntryStore(parts: EntryStoreParts): EntryStore {
  const { packer, chunker, index, profile, rules } = parts;
  const ids = createBlobIds();
  const metadata: MetadataOptions = {
    toMode: toGoMode,
    offsetOf: localOffset,
    withAtime: parts.withAtime,
    problem: (path, error) => problem(path, error, true),
  };

  function problem(path: Uint8Array, error: unknown, lost: boolean): void {
    parts.report({ kind: 'problem', path: path.slice(), message: messageOf(error), lost });
  }

  function allPresent(content: Uint8Array): boolean {
    for (let at = 0; at < content.length; at += 32) if (index.find('data', content, at) < 0) return false;
    return true;
  }

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

  const sizes = (): Sizes => ({ added: packer.stats.bytesAdded, packed: packer.stats.bytesPacked });

  async function storeContent(
    path: Uint8Array,
    snapshotPath: Uint8Array,
    name: Uint8Array,
    previous: Node | undefined,
  ): Promise<Node | undefined> {
    const started = performance.now();
    const before = sizes();
    parts.current(snapshotPath);
    let file: OpenFile;
    let done = openStage(profile, 'open');
    try {
      file = openFile(path);
    } catch (error) {
      problem(path, error, true);
      return undefined;
    }
    done();
    try {
      const node: Node = metadataOf(file.stat, 0, name.slice(), path, metadata);
      ids.count = 0;
      node.size = await storeFile(file.fd, node.size, chunker, packer, ids, profile, parts.pause, (bytes) =>
        parts.count('bytesSeen', bytes),
      );
      node.content = ids.bytes.slice(0, ids.count * 32);
      if (changedWhileOpen(file, path)) {
        problem(
          path,
          new Error('the file changed while it was read; what is stored may mix old and new'),
          false,
        );
      }
      complete(node, previous, snapshotPath, started, before);
      return node;
    } catch (error) {
      // What the packer finds wrong concerns the whole backup, what the file system says this file alone.
      if (error instanceof HoldfastError) throw error;
      problem(path, error, true);
      return undefined;
    } finally {
      done = openStage(profile, 'open');
      closeFile(file.fd);
      done();
    }
  }

  return {
    compresses: packer.compresses,
    openDirectory(path, snapshotPath, listing, i, previous, ahead) {
      const started = performance.now();
      const done = openStage(profile, 'list');
      try {
        const node: Node = readMetadata(listing, i, path, metadata);
        const known = ahead ?? parts.takeAhead(path);
        const data = known?.data ?? listDirectory(path);
        return { node, snapshotPath, listing: new Listing(data), ahead: known?.below, previous, started };
      } catch (error) {
        problem(path, error, true);
        return undefined;
      } finally {
        done();
      }
    },
    finishDirectory({ node, snapshotPath, previous, started }, sequence) {
      const before = sizes();
      node.subtree = sequence.storeTree(packer).id;
      complete(node, previous, snapshotPath, started, before);
      return node;
    },
    storeEntry(path, snapshotPath, listing, i, previous) {
      const errno = listing.error(i);
      if (errno === 0 && listing.isFile(i)) {
        if (!previous || hasChanged(listing, i, previous, rules) || !previous.content) {
          return storeContent(path, snapshotPath, listing.name(i), previous);
        }
        if (!allPresent(previous.content)) {
          problem(path, new Error('parts of it are missing in the repository; it is stored again'), true);
          return storeContent(path, snapshotPath, listing.name(i), previous);
        }
      }
      try {
        const started = performance.now();
        const node: Node = readMetadata(listing, i, path, metadata);
        if (node.type === 'irregular') throw new Error('this type of file cannot be stored');
        if (node.type === 'file') {
          node.content = previous!.content;
          parts.count('bytesSeen', node.size);
        }
        complete(node, previous, snapshotPath, started, sizes());
        return node;
      } catch (error) {
        problem(path, error, true);
        return undefined;
      }
    },
  };
}

/** Bytes that a packer has added. */
interface Sizes {
  readonly added: number;
  readonly packed: number;
}
