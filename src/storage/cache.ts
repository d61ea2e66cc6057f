/**
 * Keeps indexes, snapshots and packs of trees in a local folder, so that a far storage is asked for them once. Every
 * cached file is checked against its name, which is its SHA-256, before it is used for the first time; a damaged one is
 * fetched again. A cache that cannot be written is said once and done without.
 */
import { hash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../kernel/errors.ts';
import { allocate, piecesOf } from './body.ts';
import { errnoOf } from './local-errors.ts';
import { readFully, removeQuietly, writeAll } from './local-io.ts';
import { resolveRange } from './range.ts';
import type { Body, ReadOptions, Storage, StoredObject, WriteOptions } from './storage.ts';

export interface CacheOptions {
  /** made by openCacheDirectory */
  readonly directory: string;
  readonly warn: (message: string) => void;
}

type Bytes = Uint8Array<ArrayBuffer>;

const always = /^(snapshots|index)\/([0-9a-f]{64})$/;
const packs = /^data\/[0-9a-f]{2}\/([0-9a-f]{64})$/;

export function withCache(storage: Storage, options: CacheOptions): Storage {
  const { directory } = options;
  const checked = new Set<string>();
  const fetching = new Map<string, Promise<Bytes | undefined>>();
  let writable = true;

  /** The file that caches an object; undefined for objects that are not cached. */
  function fileFor(name: string, keep: boolean | undefined): string | undefined {
    const kept = always.exec(name);
    if (kept) return join(directory, kept[1]!, kept[2]!.slice(0, 2), kept[2]!);
    const pack = keep ? packs.exec(name) : undefined;
    return pack ? join(directory, 'data', pack[1]!.slice(0, 2), pack[1]!) : undefined;
  }

  function giveUp(error: unknown): void {
    if (writable) options.warn(`the local cache ${directory} cannot be written: ${messageOf(error)}`);
    writable = false;
  }

  async function save(file: string, pieces: readonly Uint8Array[]): Promise<boolean> {
    if (!writable) return false;
    const temporary = `${file}-tmp-${randomBytes(8).toString('hex')}`;
    try {
      await mkdir(dirname(file), { recursive: true, mode: 0o700 });
      try {
        await using handle = await open(temporary, 'wx', 0o600);
        await writeAll(handle, pieces);
      } catch (error) {
        await removeQuietly(temporary);
        throw error;
      }
      await rename(temporary, file);
      return true;
    } catch (error) {
      giveUp(error);
      return false;
    }
  }

  /** The whole object, from the cache when it is there and whole; undefined when the storage itself has it damaged. */
  async function obtain(name: string, file: string, signal?: AbortSignal): Promise<Bytes | undefined> {
    const cached = await readWhole(file);
    if (cached !== undefined && isIntact(name, cached)) {
      checked.add(file);
      return cached;
    }
    const fetched = await storage.read(name, signal === undefined ? {} : { signal });
    if (!isIntact(name, fetched)) return undefined;
    if (await save(file, [fetched])) checked.add(file);
    return fetched;
  }

  /** As `obtain`, once for callers at the same time. */
  async function obtainOnce(name: string, file: string, signal?: AbortSignal): Promise<Bytes | undefined> {
    const others = fetching.get(file);
    if (others !== undefined) {
      // Whoever fetches may be interrupted without that being this caller's affair.
      const bytes = await others.catch(() => undefined);
      return bytes ?? obtain(name, file, signal);
    }
    const own = obtain(name, file, signal).finally(() => fetching.delete(file));
    fetching.set(file, own);
    return own;
  }

  async function read(name: string, range: ReadOptions = {}): Promise<Bytes> {
    const file = range.version === undefined ? fileFor(name, range.keep) : undefined;
    if (file === undefined) return storage.read(name, range);
    if (checked.has(file)) {
      const bytes = await readPart(name, file, range);
      if (bytes !== undefined) return bytes;
      checked.delete(file);
    }
    const whole = await obtainOnce(name, file, range.signal);
    if (whole === undefined) return storage.read(name, range);
    const { offset, length } = resolveRange(name, whole.length, range);
    return whole.slice(offset, offset + length);
  }

  async function* list(prefix: string, how: { signal?: AbortSignal } = {}): AsyncGenerator<StoredObject> {
    const kind = /^(snapshots|index|data)\/$/.exec(prefix)?.[1];
    const gone = kind === undefined ? new Map<string, string>() : await cachedFiles(join(directory, kind));
    for await (const object of storage.list(prefix, how)) {
      gone.delete(object.name.slice(object.name.lastIndexOf('/') + 1));
      yield object;
    }
    // Only a listing that has been walked to its end knows what is no more.
    for (const file of gone.values()) {
      checked.delete(file);
      await removeQuietly(file);
    }
  }

  return {
    location: storage.location,
    capabilities: storage.capabilities,
    prepare: (how) => storage.prepare(how),
    list,
    stat: (name, how) => storage.stat(name, how),
    read,
    async *stream(name, range = {}) {
      const isCached = range.version === undefined && fileFor(name, range.keep) !== undefined;
      if (!isCached) yield* storage.stream(name, range);
      else yield await read(name, range);
    },
    async write(name: string, body: Body, how: WriteOptions = {}) {
      await storage.write(name, body, how);
      const file = fileFor(name, how.keep);
      const pieces = piecesOf(body);
      if (file !== undefined && pieces !== undefined && (await save(file, pieces))) checked.add(file);
    },
    async remove(name, how) {
      await storage.remove(name, how);
      const file = fileFor(name, true);
      if (file === undefined) return;
      checked.delete(file);
      await unlink(file).catch((error: unknown) => {
        if (errnoOf(error) !== 'ENOENT') giveUp(error);
      });
    },
    leftovers: storage.leftovers,
    mayRemove: storage.mayRemove,
    keepVersions: storage.keepVersions,
    listVersions: storage.listVersions,
    close: () => storage.close(),
  };
}

function isIntact(name: string, bytes: Bytes): boolean {
  return name.endsWith(hash('sha256', bytes, 'hex'));
}

async function readWhole(file: string): Promise<Bytes | undefined> {
  try {
    const bytes = await readFile(file);
    return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
  } catch {
    // Absent or unreadable: the storage has it.
    return undefined;
  }
}

/** A part of a file that was checked before; undefined when it is not as it was. */
async function readPart(name: string, file: string, range: ReadOptions): Promise<Bytes | undefined> {
  try {
    await using handle = await open(file, 'r');
    const { size } = await handle.stat();
    const { offset, length } = resolveRange(name, size, range);
    const bytes = allocate(length);
    await readFully(handle, name, bytes, offset);
    return bytes;
  } catch {
    return undefined;
  }
}

/** Paths of the cached files below a folder, by their names. */
async function cachedFiles(folder: string): Promise<Map<string, string>> {
  let below;
  try {
    below = await readdir(folder, { recursive: true, withFileTypes: true });
  } catch {
    // Absent or unreadable: nothing to tidy.
    return new Map();
  }
  const files = below.filter((entry) => entry.isFile() && /^[0-9a-f]{64}$/.test(entry.name));
  return new Map(files.map((entry) => [entry.name, join(entry.parentPath, entry.name)]));
}
