/**
 * A folder of the local file system. A write goes to a temporary file beside its place, is synced, renamed, and then
 * the folder is synced, so that after a power cut there is all of it or nothing.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { link, lstat, mkdir, open, rename, rmdir, stat as statPath, symlink, unlink } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import type { FileHandle } from 'node:fs/promises';
import { HoldfastError, hasCode, throwIfAborted } from '../kernel/errors.ts';
import { forgetPages } from '../kernel/native/page-cache.ts';
import { allocate, piecesOf, walkBody } from './body.ts';
import { errnoOf, localError, notAFolderError } from './local-errors.ts';
import { readFully, removeQuietly, syncFolder, writeAll, writePastCache } from './local-io.ts';
import { findLeftovers } from './local-leftovers.ts';
import { listFolder } from './local-list.ts';
import { assertObjectName, assertPrefix } from './names.ts';
import { resolveRange } from './range.ts';
import type { Body, ReadOptions, Storage, StoredObject, WriteOptions } from './storage.ts';

const streamPiece = 1 << 20;
/**
 * So many bytes at once do not stay in the kernel's cache: packs and dumps would push out what the programs on this machine
 * use, and a check after a backup reads what the disk has, not what memory remembers.
 */
const large = 1 << 20;

interface Modes {
  readonly file: number;
  readonly folder: number;
}

/** Does not touch the disk: a folder that is absent is made by `prepare` or the first write. */
export function createLocalStorage(path: string): Storage {
  const root = resolve(path);
  let modes: Promise<Modes> | undefined;

  async function guard<T>(action: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (errnoOf(error) === 'ENOTDIR' && (await isFile(root))) throw notAFolderError(root, error);
      throw localError(error, action, root);
    }
  }

  function fileOf(name: string): string {
    assertObjectName(name);
    return join(root, name);
  }

  async function openForReading(name: string): Promise<FileHandle> {
    return guard(`read ${name}`, () => open(fileOf(name), constants.O_RDONLY));
  }

  async function* stream(name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    throwIfAborted(options.signal);
    await using handle = await openForReading(name);
    const size = await guard(`read ${name}`, () => sizeOf(handle));
    const { offset, length } = resolveRange(name, size, options);
    for (let done = 0; done < length;) {
      throwIfAborted(options.signal);
      const piece = allocate(Math.min(streamPiece, length - done));
      await guard(`read ${name}`, () => readFully(handle, name, piece, offset + done));
      if (length >= large) forgetPages(handle.fd, offset + done, piece.length);
      yield piece;
      done += piece.length;
    }
  }

  async function write(name: string, body: Body, options: WriteOptions = {}): Promise<void> {
    throwIfAborted(options.signal);
    const target = fileOf(name);
    const folder = dirname(target);
    modes ??= modesFor(root);
    const { file, folder: folderMode } = await modes;
    await guard(`write ${name}`, async () => {
      const replaces = await exists(target);
      if (options.ifAbsent && replaces) throw existsError(name, root);
      const temporary = `${target}-tmp-${randomBytes(8).toString('hex')}`;
      try {
        await using handle = await createFile(temporary, folder, file, folderMode);
        const pieces = piecesOf(body);
        let size = 0;
        if (pieces?.length === 1 && pieces[0]!.length >= large)
          size = await writePastCache(handle, pieces[0]!, options.signal);
        else if (pieces !== undefined) size = await writeAll(handle, pieces, options.signal);
        else
          for await (const piece of walkBody(body)) size += await writeAll(handle, [piece], options.signal);
        await handle.sync();
        if (size >= large) forgetPages(handle.fd, 0, size);
        throwIfAborted(options.signal);
      } catch (error) {
        await removeQuietly(temporary);
        throw error;
      }
      try {
        if (options.ifAbsent) await renameIfAbsent(temporary, target, name, root);
        else await rename(temporary, target);
      } catch (error) {
        await removeQuietly(temporary);
        throw error;
      }
      try {
        await syncFolder(folder);
      } catch (error) {
        // it may not survive a power cut: who is told so must not find it either
        if (!replaces) await removeQuietly(target);
        throw error;
      }
    });
  }

  return {
    location: root,
    capabilities: { conditionalCreate: true, freeNames: true },

    async prepare(options = {}) {
      throwIfAborted(options.signal);
      await guard('create the folder', async () => {
        const { folder } = await modesFor(root);
        if (await isFile(root)) throw notAFolderError(root, undefined);
        await makeFolder(root, folder);
      });
    },

    async *list(prefix, options = {}) {
      assertPrefix(prefix);
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      try {
        for await (const object of listFolder(root, folder, options.signal)) {
          if (object.name.startsWith(prefix)) yield object;
        }
      } catch (error) {
        if (errnoOf(error) === 'ENOTDIR' && (await isFile(root))) throw notAFolderError(root, error);
        throw localError(error, `list ${prefix === '' ? 'the folder' : prefix}`, root);
      }
    },

    async stat(name, options = {}): Promise<StoredObject> {
      throwIfAborted(options.signal);
      return guard(`find ${name}`, async () => {
        const found = await statPath(fileOf(name));
        if (!found.isFile()) throw new HoldfastError('not-found', `${name} in ${root} is not a file`);
        return { name, size: found.size, modified: found.mtimeMs };
      });
    },

    async read(name, options = {}) {
      throwIfAborted(options.signal);
      await using handle = await openForReading(name);
      return await guard(`read ${name}`, async () => {
        // Who names the length need not wait for the size: a file that is too short shows itself.
        const { length } = options;
        const range = length
          ? { offset: options.offset ?? 0, length }
          : resolveRange(name, await sizeOf(handle), options);
        const bytes = allocate(range.length, options.memory);
        await readFully(handle, name, bytes, range.offset);
        if (bytes.length >= large) forgetPages(handle.fd, range.offset, bytes.length);
        throwIfAborted(options.signal);
        return bytes;
      });
    },

    stream,
    write,

    async remove(name, options = {}) {
      throwIfAborted(options.signal);
      const target = fileOf(name);
      try {
        await guard(`remove ${name}`, () => unlink(target));
      } catch (error) {
        if (hasCode(error, 'not-found')) return;
        throw error;
      }
      await guard(`remove ${name}`, () => syncFolder(dirname(target)));
    },

    async removeEmptyFolder(folder, options = {}) {
      throwIfAborted(options.signal);
      assertObjectName(folder.slice(0, -1));
      try {
        await rmdir(join(root, folder));
      } catch (error) {
        if (!['ENOENT', 'ENOTEMPTY', 'EEXIST'].includes(errnoOf(error) ?? '')) {
          throw localError(error, `remove the folder ${folder}`, root);
        }
      }
    },

    async link(name, to, options = {}) {
      throwIfAborted(options.signal);
      const place = fileOf(name);
      const temporary = `${place}-tmp-${randomBytes(8).toString('hex')}`;
      await guard(`link ${name}`, async () => {
        modes ??= modesFor(root);
        if (!(await exists(dirname(place)))) await makeFolder(dirname(place), (await modes).folder);
        await symlink(relative(dirname(place), fileOf(to)), temporary);
        await rename(temporary, place);
        await syncFolder(dirname(place));
      });
    },

    async *leftovers(folder, before, options = {}) {
      assertPrefix(folder);
      try {
        for await (const leftover of findLeftovers(root, folder, before, options.signal)) {
          const { name, size } = leftover;
          yield { name, size, remove: () => guard(`remove what is left of ${name}`, leftover.remove) };
        }
      } catch (error) {
        throw localError(error, `list ${folder}`, root);
      }
    },

    async close() {},
  };
}

async function sizeOf(handle: FileHandle): Promise<number> {
  return (await handle.stat()).size;
}

async function createFile(
  path: string,
  folder: string,
  mode: number,
  folderMode: number,
): Promise<FileHandle> {
  try {
    return await open(path, 'wx', mode);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await makeFolder(folder, folderMode);
    return open(path, 'wx', mode);
  }
}

/** A hard link is the one way to put a finished file under a name only if nobody has it. */
async function renameIfAbsent(temporary: string, target: string, name: string, root: string): Promise<void> {
  try {
    await link(temporary, target);
  } catch (error) {
    const errno = errnoOf(error) ?? '';
    if (errno === 'EEXIST') throw existsError(name, root);
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errno)) throw error;
    // A file system without hard links: the check before the write has to do.
    await rename(temporary, target);
    return;
  }
  await unlink(temporary);
}

/**
 * Makes `folder` and its parents, and syncs every folder that got a new entry. By hand, because Node's recursive mkdir
 * says that a parent does not exist when the truth is that it cannot be written.
 */
async function makeFolder(folder: string, mode: number): Promise<void> {
  const parent = dirname(folder);
  if (parent !== folder && !(await exists(parent))) await makeFolder(parent, mode);
  try {
    await mkdir(folder, { mode });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return;
    throw error;
  }
  await syncFolder(parent);
}

/** A repository whose config the group may read keeps being readable to the group, as restic has it. */
async function modesFor(root: string): Promise<Modes> {
  try {
    const { mode } = await statPath(join(root, 'config'));
    if ((mode & 0o040) !== 0) return { file: 0o660, folder: 0o770 };
  } catch {
    // No config yet: the private modes.
  }
  return { file: 0o600, folder: 0o700 };
}

async function isFile(path: string): Promise<boolean> {
  try {
    return !(await statPath(path)).isDirectory();
  } catch {
    return false;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function existsError(name: string, root: string): HoldfastError {
  return new HoldfastError('exists', `${name} already exists in ${root}`);
}
