/** Stores what is in a regular file and enters its node: the file itself, or a copy of a database in one state. */
import { HoldfastError } from '../../kernel/errors.ts';
import { metadataOf, type MetadataOptions } from '../../sources/files/metadata.ts';
import { changedWhileOpen, closeFile, openFile, type OpenFile } from '../../sources/files/read-file.ts';
import type { SqliteFiles } from '../../sources/sqlite/files-in-tree.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { openStage } from '../../vaults/repository/worker/profile.ts';
import type { EntryStoreParts } from './entry-store.ts';
import type { Frame } from './frame.ts';
import { createBlobIds, storeFile } from './store-file.ts';
import type { createTally } from './tally.ts';

export interface ContentStore {
  /** One that cannot be read is reported and left out. */
  store(
    frame: Frame,
    i: number,
    path: Uint8Array,
    snapshotPath: Uint8Array,
    previous: Node | undefined,
  ): Promise<void>;
}

/** Where a content store says what it found. */
interface Report {
  problem(path: Uint8Array, error: unknown, lost: boolean): void;
  /** the next backup must look again */
  doubt(): void;
  emit(frame: Frame, node: Node): void;
}

export function createContentStore(
  parts: EntryStoreParts,
  tally: ReturnType<typeof createTally>,
  metadata: MetadataOptions,
  report: Report,
): ContentStore {
  const { packer, chunker, profile, sqlite } = parts;
  const ids = createBlobIds();

  async function store(
    frame: Frame,
    i: number,
    path: Uint8Array,
    snapshotPath: Uint8Array,
    previous: Node | undefined,
  ): Promise<void> {
    const name = frame.listing.name(i);
    const started = performance.now();
    const before = tally.sizes();
    parts.current(snapshotPath);
    let file: OpenFile;
    let done = openStage(profile, 'open');
    try {
      file = openFile(path);
    } catch (error) {
      report.problem(path, error, true);
      return;
    }
    done();
    if (!file.stat.sameState(0, frame.listing, i)) report.doubt();
    try {
      const node: Node = metadataOf(file.stat, 0, name, path, metadata);
      ids.count = 0;
      const copied = sqlite !== undefined && (await storeCopy(node, file, path, sqlite));
      if (!copied) node.size = await storeBytes(file.fd, node.size);
      node.content = ids.bytes.slice(0, ids.count * 32);
      if (!copied && changedWhileOpen(file, path)) {
        report.problem(
          path,
          new Error('the file changed while it was read; what is stored may mix old and new'),
          false,
        );
      }
      tally.complete(node, previous, snapshotPath, started, before);
      report.emit(frame, node);
    } catch (error) {
      // What the packer finds wrong concerns the whole backup, what the file system says this file alone.
      if (error instanceof HoldfastError) throw error;
      report.problem(path, error, true);
    } finally {
      done = openStage(profile, 'open');
      closeFile(file.fd);
      done();
    }
  }

  function storeBytes(fd: number, expected: number): Promise<number> {
    return storeFile(fd, expected, chunker, packer, ids, profile, parts.pause, (bytes) =>
      parts.count('bytesSeen', bytes),
    );
  }

  /** A database that cannot be copied is reported, and stored as any other file. */
  async function storeCopy(
    node: Node,
    file: OpenFile,
    path: Uint8Array,
    sqlite: SqliteFiles,
  ): Promise<boolean> {
    try {
      await using copy = await sqlite.copyOf(file.fd, path);
      if (!copy) return false;
      // the next backup must look again, for the log may say more by then
      if (sqlite.hasLog(path)) report.doubt();
      const stored = openFile(Buffer.from(copy.path));
      try {
        node.size = await storeBytes(stored.fd, stored.stat.size(0));
      } finally {
        closeFile(stored.fd);
      }
      return true;
    } catch (error) {
      if (!(error instanceof HoldfastError) || ids.count > 0) throw error;
      report.problem(path, error, true);
      return false;
    }
  }

  return { store };
}
