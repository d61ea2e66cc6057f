/** What one worker does with one entry of the source: decide whether it changed, have its content stored, make its node. */
import { ByteWriter } from '../../kernel/bytes.ts';
import { messageOf } from '../../kernel/errors.ts';
import { Listing, listDirectory } from '../../sources/files/listing.ts';
import { readMetadata, statMetadata, type MetadataOptions } from '../../sources/files/metadata.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import type { Chunker } from '../../vaults/repository/chunker/chunker.ts';
import { toGoMode } from '../../vaults/repository/format/go-mode.ts';
import { JsonReader } from '../../vaults/repository/format/json-reader.ts';
import { encodeNode, encodeNodeHead } from '../../vaults/repository/format/node-encoder.ts';
import { parseNode } from '../../vaults/repository/format/node-parser.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { localOffset } from '../../vaults/repository/format/time.ts';
import type { Packer } from '../../vaults/repository/worker/packer.ts';
import { openStage, type Profile } from '../../vaults/repository/worker/profile.ts';
import { type ChangeRules, hasChanged } from './change-rules.ts';
import { createContentStore } from './content-store.ts';
import { type DirectoryInTree, diverge, entryPath, type Frame, isSure, type Origin } from './frame.ts';
import type { KnownFolders } from './known-folders.ts';
import type { Ahead, CounterName, ItemEvent } from './protocol.ts';
import type { SqliteFiles } from '../../sources/sqlite/files-in-tree.ts';
import { createTally } from './tally.ts';
import type { Twin } from './twin.ts';

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
  /** A listing that was made ahead of the work, or is made now because what is below may be unchanged. */
  takeAhead(path: Uint8Array, mayBeKnown: boolean): Ahead | undefined;
  readonly folders: KnownFolders;
  /** undefined to store databases as any other file */
  readonly sqlite: SqliteFiles | undefined;
}

export interface EntryStore {
  readonly compresses: boolean;
  /** How often the tree may have come out other than its listing. */
  readonly doubts: number;
  /** Reports that an item, or a part of it, is missing in the snapshot. */
  problem(path: Uint8Array, error: unknown): void;
  /**
   * Takes an entry over from the parent snapshot when it is the same there. True when that is done, false when the
   * entry has to be looked at; for a directory whose own node is the same, where to go on.
   */
  takeOver(frame: Frame, twin: Twin, i: number, name: Uint8Array): boolean | Origin;
  /** Lists a directory; undefined when that fails, which is reported. */
  openDirectory(frame: Frame, i: number, previous: Node | undefined): Origin | undefined;
  /** Stores the tree of a directory whose nodes are all known, and enters its node into the parent's. */
  finishDirectory(frame: Frame, directory: DirectoryInTree, parent: Frame): void;
  /** The same when the parent has gone on: its node as JSON. */
  finishDirectoryLate(frame: Frame, directory: DirectoryInTree, parent: Frame): Uint8Array;
  /** Stores anything but a directory and enters its node; one that cannot be read is reported and left out. */
  storeEntry(frame: Frame, i: number, previous: Node | undefined): Promise<void> | undefined;
}

export function createEntryStore(parts: EntryStoreParts): EntryStore {
  const { packer, index, profile, rules, folders, sqlite } = parts;
  const tally = createTally(parts);
  const { complete, completeSame, sizes } = tally;
  const head = new ByteWriter(512);
  const metadata: MetadataOptions = {
    toMode: remembered(toGoMode),
    offsetOf: localOffset,
    withAtime: parts.withAtime,
    problem: (path, error) => problem(path, error, true),
  };

  let doubts = 0;
  const contents = createContentStore(parts, tally, metadata, { problem, doubt: () => doubts++, emit });

  function problem(path: Uint8Array, error: unknown, lost: boolean): void {
    doubts++;
    parts.report({ kind: 'problem', path: path.slice(), message: messageOf(error), lost });
  }

  function allPresent(content: Uint8Array): boolean {
    for (let at = 0; at < content.length; at += 32) if (index.find('data', content, at) < 0) return false;
    return true;
  }

  function emit(frame: Frame, node: Node): void {
    diverge(frame);
    frame.sequence.begin();
    encodeNode(frame.sequence.writer, node);
  }

  function emitBytes(frame: Frame, node: Uint8Array): void {
    diverge(frame);
    frame.sequence.begin();
    frame.sequence.writer.writeBytes(node);
  }

  function list(
    frame: Frame,
    i: number,
    path: Uint8Array,
    previousId: Uint8Array | undefined,
    directory: Omit<DirectoryInTree, 'index'>,
    ahead = frame.ahead?.get(i) ?? parts.takeAhead(path, false),
  ): Origin {
    const done = openStage(profile, 'list');
    const listing = new Listing(ahead?.data ?? listDirectory(path));
    done();
    const snapshotPath = joinPath(frame.snapshotPath, frame.listing.name(i));
    return {
      path,
      snapshotPath,
      listing,
      entryPath: undefined,
      ahead: ahead?.below,
      explicit: false,
      previousId,
      directory: { ...directory, index: i },
    };
  }

  /** The id of a directory's tree, which is stored unless it is the parent snapshot's. */
  function treeOf(frame: Frame): Uint8Array {
    if (frame.sameEnd !== 0 && frame.twin!.atEnd && frame.sameEnd === frame.twin!.at)
      return frame.previousId!;
    diverge(frame);
    return frame.sequence.storeTree(packer).id;
  }

  /** The finished node of a directory; bytes when it is the parent snapshot's. */
  function directoryNode(frame: Frame, directory: DirectoryInTree, parent: Frame): Node | Uint8Array {
    const before = sizes();
    const id = treeOf(frame);
    if (isSure(frame, { doubts })) folders.note(frame, directory.index, parent, id);
    const { same, started } = directory;
    if (same && Buffer.compare(id, frame.previousId!) === 0) {
      completeSame('dir', 0, frame.snapshotPath, started);
      return same.node;
    }
    const previous = same ? parseNode(new JsonReader('tree', same.node)) : directory.previous;
    const node = { ...(directory.node ?? previous!), subtree: id };
    complete(node, previous, frame.snapshotPath, started, before);
    return node;
  }

  return {
    compresses: packer.compresses,
    get doubts() {
      return doubts;
    },
    problem: (path, error) => problem(path, error, true),
    takeOver(frame, twin, i, name) {
      const { listing } = frame;
      if (sqlite && listing.isFile(i) && mayBeDatabase(frame, i, sqlite)) return false;
      const stat = statMetadata(listing, i, name, metadata);
      head.length = 0;
      encodeNodeHead(head, stat);
      if (!twin.matches(head)) return false;
      const end = twin.nodeEnd;
      if (stat.type === 'dir') {
        const previousId = twin.subtree();
        if (!previousId) return false;
        const path = entryPath(frame, i);
        const ahead = frame.ahead?.get(i) ?? parts.takeAhead(path, true);
        if (ahead && folders.isKnown(ahead, previousId)) {
          if (frame.sameEnd === 0) emitBytes(frame, twin.node());
          twin.advance();
          if (frame.sameEnd !== 0) frame.sameEnd = twin.at;
          parts.current(joinPath(frame.snapshotPath, name));
          folders.takeOver(frame, i, ahead);
          return true;
        }
        const same = { node: twin.node(), end };
        try {
          const directory = { same, node: undefined, previous: undefined, started: performance.now() };
          const origin = list(frame, i, path, previousId, directory, ahead);
          twin.advance();
          return origin;
        } catch (error) {
          problem(path, error, true);
          twin.advance();
          diverge(frame);
          return true;
        }
      }
      if (stat.type === 'file' && !twin.hasContent(index)) return false;
      if (frame.sameEnd === 0) emitBytes(frame, twin.node());
      twin.advance();
      if (frame.sameEnd !== 0) frame.sameEnd = twin.at;
      completeSame(stat.type, stat.size, frame.snapshotPath, 0, name);
      return true;
    },
    openDirectory(frame, i, previous) {
      const path = entryPath(frame, i);
      try {
        const node: Node = readMetadata(frame.listing, i, path, metadata);
        const previousId = previous?.type === 'dir' ? previous.subtree : undefined;
        return list(frame, i, path, previousId, {
          same: undefined,
          node,
          previous,
          started: performance.now(),
        });
      } catch (error) {
        problem(path, error, true);
        return undefined;
      }
    },
    finishDirectory(frame, directory, parent) {
      const node = directoryNode(frame, directory, parent);
      if (!(node instanceof Uint8Array)) emit(parent, node);
      else if (parent.sameEnd === 0) emitBytes(parent, node);
      else parent.sameEnd = parent.twin!.at;
    },
    finishDirectoryLate(frame, directory, parent) {
      const node = directoryNode(frame, directory, parent);
      if (node instanceof Uint8Array) return node;
      head.length = 0;
      encodeNode(head, node);
      return head.view().slice();
    },
    storeEntry(frame, i, previous) {
      const { listing } = frame;
      const path = entryPath(frame, i);
      const snapshotPath = joinPath(frame.snapshotPath, listing.name(i));
      if (listing.error(i) === 0 && listing.isFile(i)) {
        if (sqlite?.isCompanion(path)) return undefined;
        const same = previous && !hasChanged(listing, i, previous, rules) && !sqlite?.hasLog(path);
        const content = same ? previous.content : undefined;
        const present = content !== undefined && allPresent(content);
        if (content && !present) {
          problem(path, new Error('parts of it are missing in the repository; it is stored again'), true);
        }
        if (!present) return contents.store(frame, i, path, snapshotPath, previous);
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
        emit(frame, node);
      } catch (error) {
        problem(path, error, true);
      }
      return undefined;
    },
  };
}

/** True for what needs a closer look than its metadata: what lies beside a database, or has a log beside it. */
function mayBeDatabase(frame: Frame, i: number, sqlite: SqliteFiles): boolean {
  const path = entryPath(frame, i);
  return sqlite.hasLog(path) || sqlite.isCompanion(path);
}

/** There are few modes, and the number for each is larger than V8 keeps without an object. */
function remembered(toMode: (stMode: number) => number): (stMode: number) => number {
  const known = new Map<number, number>();
  return (stMode) => {
    let mode = known.get(stMode);
    if (mode === undefined) known.set(stMode, (mode = toMode(stMode)));
    return mode;
  };
}
