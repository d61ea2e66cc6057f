/** An open repository: its files and blobs, read and written with every check. There is no half-open one. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { Storage } from '../../storage/storage.ts';
import type { BlobIndex } from './blob-index/blob-index.ts';
import type { ChunkerKind } from './chunker-choice.ts';
import { chunkerOf } from './chunker-choice.ts';
import type { FileKind, SealedKind } from './files.ts';
import { fileName, folderOf, idOfName } from './files.ts';
import type { RepositoryConfig } from './format/config.ts';
import type { Node } from './format/node.ts';
import type { MasterKey } from './format/seal.ts';
import type { Snapshot } from './format/snapshot.ts';
import { decodeSnapshot } from './format/snapshot.ts';
import { readIndex } from './index-load.ts';
import type { Fetched } from './prefetch.ts';
import { createReader } from './reader.ts';
import { damagedFile, readChecked, unsealFile, writeSealed } from './sealed-file.ts';

export interface SnapshotEntry {
  /** 64 hex digits */
  readonly id: string;
  readonly snapshot: Snapshot;
}

export interface StoredFile {
  readonly id: string;
  /** stored bytes */
  readonly size: number;
}

export interface Repository extends AsyncDisposable {
  readonly storage: Storage;
  readonly config: RepositoryConfig;
  readonly key: MasterKey;
  /** the key file that the password opened */
  readonly keyId: string;
  readonly chunker: ChunkerKind;
  /** All files of a kind, in no order. Files with foreign names are passed over. */
  list(kind: FileKind): AsyncIterable<StoredFile>;
  /** The JSON of a sealed file, hash and authentication checked. Codes `not-found`, `corrupt`. */
  readFile(kind: SealedKind, id: string): Promise<Uint8Array>;
  /** Stored bytes of any file, their hash checked. Codes `not-found`, `corrupt`. */
  readRaw(kind: FileKind, id: string): Promise<Uint8Array<ArrayBuffer>>;
  /** Seals and stores JSON; resolves to its id. */
  writeFile(kind: SealedKind, json: Uint8Array): Promise<string>;
  removeFile(kind: FileKind, id: string): Promise<void>;
  /** The blob index; read once, later calls return the same. Read the snapshots you rely on before. */
  loadIndex(): Promise<BlobIndex>;
  /** Makes the next `loadIndex` read again: for who has changed the index files. */
  forgetIndex(): void;
  /**
   * A blob's plaintext, its authentication, length and hash checked; damaged in one pack, it is taken from another.
   * The array may be shared with other callers: do not write to it. Codes `not-found`, `corrupt`.
   */
  readBlob(type: 'data' | 'tree', id: Uint8Array): Promise<Uint8Array>;
  readTree(id: Uint8Array): Promise<Node[]>;
  /** As `readTree`, node by node, for directories of any size. What is wrong with its end shows only there. */
  streamTree(id: Uint8Array): AsyncIterable<Node>;
  /**
   * All snapshots, in no order. A damaged one is handed to `damaged`, or thrown when there is none; one that was
   * removed since the listing is passed over.
   */
  snapshots(damaged?: (id: string, error: unknown) => void): AsyncIterable<SnapshotEntry>;
  readSnapshot(id: string): Promise<Snapshot>;
}

export interface RepositoryParts {
  readonly storage: Storage;
  readonly config: RepositoryConfig;
  readonly key: MasterKey;
  readonly keyId: string;
  readonly context: Context;
  readonly fetched?: Fetched;
}

/** Small files read at the same time. */
const readsAtOnce = 16;

export function createRepository(parts: RepositoryParts): Repository {
  const { storage, config, key, keyId, context } = parts;
  const { signal } = context;
  const sealing = { key, version: config.version };
  let index: Promise<BlobIndex> | undefined;

  async function* list(kind: FileKind): AsyncGenerator<StoredFile> {
    for await (const { name, size } of storage.list(folderOf(kind), { signal })) {
      const id = idOfName(name);
      if (id !== undefined && name === fileName(kind, id)) yield { id, size };
    }
  }

  async function readRaw(kind: FileKind, id: string): Promise<Uint8Array<ArrayBuffer>> {
    throwIfAborted(signal);
    return readChecked(storage, kind, id, signal, await parts.fetched?.take(fileName(kind, id)));
  }

  async function readFile(kind: SealedKind, id: string): Promise<Uint8Array> {
    return unsealFile(sealing, kind, id, await readRaw(kind, id));
  }

  async function readSnapshot(id: string): Promise<Snapshot> {
    const json = await readFile('snapshot', id);
    try {
      return decodeSnapshot(json);
    } catch (error) {
      throw damagedFile(
        'snapshot',
        id,
        error instanceof Error ? error.message : 'it cannot be decoded',
        error,
      );
    }
  }

  async function* snapshots(damaged?: (id: string, error: unknown) => void): AsyncGenerator<SnapshotEntry> {
    const read = async ({ id }: StoredFile) => {
      try {
        return { id, snapshot: await readSnapshot(id) };
      } catch (error) {
        return { id, error };
      }
    };
    for await (const result of mapParallel(list('snapshot'), readsAtOnce, read)) {
      if (result.snapshot) yield { id: result.id, snapshot: result.snapshot };
      else if (isGone(result.error)) continue;
      else if (damaged && !signal.aborted) damaged(result.id, result.error);
      else throw result.error;
    }
  }

  function loadIndex(): Promise<BlobIndex> {
    if (!index) {
      index = readIndex(repository);
      // A failed load is tried anew by the next caller.
      index.catch(() => (index = undefined));
    }
    return index;
  }

  const reader = createReader({ storage, key, loadIndex, signal });
  const repository: Repository = {
    storage,
    config,
    key,
    keyId,
    chunker: chunkerOf(config),
    list,
    readFile,
    readRaw,
    writeFile: (kind, json) => writeSealed(storage, sealing, kind, json),
    removeFile: (kind, id) => storage.remove(fileName(kind, id)),
    loadIndex,
    forgetIndex() {
      index = undefined;
      reader.forget();
    },
    readBlob: reader.readBlob,
    readTree: reader.readTree,
    streamTree: reader.streamTree,
    snapshots,
    readSnapshot,
    [Symbol.asyncDispose]: () => storage.close(),
  };
  return repository;
}

function isGone(error: unknown): boolean {
  return hasCode(error, 'not-found');
}
