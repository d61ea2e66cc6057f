/**
 * A folder on an SSH server. A write goes to a temporary file beside its place, is synced where the server can, and renamed,
 * so that under its name there is all of it or nothing.
 */
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Stats } from 'ssh2';
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { allocate } from '../body.ts';
import { assertObjectName, assertPrefix, isUnfinishedName, nameOfUnfinished } from '../names.ts';
import { resolveRange } from '../range.ts';
import type { Body, ReadOptions, Storage, StoredObject, WriteOptions } from '../storage.ts';
import type { FolderEntry, FoundFile } from '../walk-folders.ts';
import { listFiles, walkFolders } from '../walk-folders.ts';
import { diskFullError, sftpError, status, statusOf } from './errors.ts';
import {
  createFile,
  exists,
  isFull,
  makeFolder,
  rename,
  sizeOf,
  statOrAbsent,
  sync,
  tidily,
} from './files.ts';
import { readFolder } from './list.ts';
import type { SessionPool } from './pool.ts';
import type { Session } from './session.ts';
import type { HardLinks } from './rename-if-absent.ts';
import { renameIfAbsent } from './rename-if-absent.ts';
import { readInto, readPieces, writeFrom } from './transfer.ts';

interface Modes {
  readonly file: number;
  readonly folder: number;
}

/** Folders that are read at the same time: a repository has 256 below data/. */
const foldersAhead = 16;

/** `location` is for messages, without secrets; `root` a path on the server. Nothing is connected yet. */
export function createSftpStorage(location: string, root: string, pool: SessionPool): Storage {
  let modes: Promise<Modes> | undefined;
  const hardLinks: HardLinks = { work: true };

  const pathOf = (name: string): string => posix.join(root, name);

  function fileOf(name: string): string {
    assertObjectName(name);
    return pathOf(name);
  }

  async function run<T>(
    action: string,
    signal: AbortSignal | undefined,
    work: (session: Session) => Promise<T>,
  ): Promise<T> {
    throwIfAborted(signal);
    const session = await pool.take(signal);
    try {
      return await work(session);
    } catch (error) {
      throw sftpOrForeign(error, action);
    } finally {
      pool.giveBack(session);
    }
  }

  /** What a body throws goes through as it is. */
  function sftpOrForeign(error: unknown, action: string): unknown {
    return statusOf(error) === undefined ? error : sftpError(error, action, location);
  }

  async function withFile<T>(
    session: Session,
    path: string,
    signal: AbortSignal | undefined,
    work: (handle: Buffer) => Promise<T>,
  ): Promise<T> {
    const handle = await session.ask<Buffer>((sftp, done) => sftp.open(path, 'r', done), signal);
    try {
      return await work(handle);
    } finally {
      // Nobody waits for it.
      session.ask((sftp, done) => sftp.close(handle, done)).catch(() => {});
    }
  }

  async function read(name: string, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    const path = fileOf(name);
    const { signal, length } = options;
    return run(`read ${name}`, signal, (session) =>
      withFile(session, path, signal, async (handle) => {
        // Who names the length need not wait for the size: a file that is too short shows itself.
        const range = length
          ? { offset: options.offset ?? 0, length }
          : resolveRange(name, await sizeOf(session, handle, signal), options);
        const bytes = allocate(range.length, options.memory);
        await readInto(session, handle, name, bytes, range.offset, signal);
        return bytes;
      }),
    );
  }

  async function* stream(name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const path = fileOf(name);
    const { signal } = options;
    throwIfAborted(signal);
    const session = await pool.take(signal);
    let handle: Buffer | undefined;
    try {
      handle = await session.ask<Buffer>((sftp, done) => sftp.open(path, 'r', done), signal);
      const range = resolveRange(name, await sizeOf(session, handle, signal), options);
      yield* readPieces(session, handle, name, range, signal);
    } catch (error) {
      throw sftpError(error, `read ${name}`, location);
    } finally {
      const open = handle;
      if (open !== undefined) session.ask((sftp, done) => sftp.close(open, done)).catch(() => {});
      pool.giveBack(session);
    }
  }

  async function write(name: string, body: Body, options: WriteOptions = {}): Promise<void> {
    const target = fileOf(name);
    const { signal } = options;
    const action = `write ${name}`;
    await run(action, signal, async (session) => {
      if (options.ifAbsent && (await exists(session, target, signal))) throw existsError(name);
      modes ??= modesFor(session);
      const { file, folder } = await modes;
      const temporary = `${target}-tmp-${randomBytes(8).toString('hex')}`;
      try {
        const handle = await createFile(session, temporary, file, folder, signal);
        try {
          await writeFrom(session, handle, body, signal);
          await sync(session, handle, signal);
          await session.ask((sftp, done) => sftp.close(handle, done), signal);
        } catch (error) {
          await tidily(session.ask((sftp, done) => sftp.close(handle, done)));
          throw error;
        }
        if (!options.ifAbsent) await rename(session, temporary, target, signal);
        else if (!(await renameIfAbsent(session, temporary, target, hardLinks, signal)))
          throw existsError(name);
      } catch (error) {
        const full = statusOf(error) === status.failure && (await isFull(session, posix.dirname(target)));
        await tidily(session.ask((sftp, done) => sftp.unlink(temporary, done)));
        throw full ? diskFullError(action, location, error) : error;
      }
    });
  }

  /** A repository whose config the group may read keeps being readable to the group, as restic has it. */
  async function modesFor(session: Session): Promise<Modes> {
    try {
      const { mode } = await session.ask<Stats>((sftp, done) => sftp.stat(pathOf('config'), done));
      if ((mode & 0o040) !== 0) return { file: 0o660, folder: 0o770 };
    } catch (error) {
      // No config yet: the private modes.
      if (statusOf(error) !== status.noSuchFile) modes = undefined;
    }
    return { file: 0o600, folder: 0o700 };
  }

  async function* files(
    folder: string,
    wanted: (name: string) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FoundFile> {
    throwIfAborted(signal);
    const session = await pool.take(signal);
    try {
      const read = (at: string): Promise<FolderEntry[]> => readFolder(session, pathOf(at), signal);
      yield* walkFolders(folder, read, foldersAhead, wanted, signal);
    } catch (error) {
      throw sftpError(error, `list ${folder === '' ? 'the folder' : folder}`, location);
    } finally {
      pool.giveBack(session);
    }
  }

  function existsError(name: string): HoldfastError {
    return new HoldfastError('exists', `${name} already exists in ${location}`);
  }

  return {
    location,
    capabilities: {
      freeNames: true,
      get conditionalCreate() {
        return hardLinks.work;
      },
    },

    async prepare(options = {}) {
      await run('create the folder', options.signal, async (session) => {
        modes ??= modesFor(session);
        await makeFolder(session, root, (await modes).folder);
      });
    },

    list: (prefix, options = {}) =>
      listFiles(prefix, (folder, wanted) => files(folder, wanted, options.signal)),

    async stat(name, options = {}): Promise<StoredObject> {
      const path = fileOf(name);
      return run(`find ${name}`, options.signal, async (session) => {
        const found = await session.ask<Stats>((sftp, done) => sftp.stat(path, done), options.signal);
        if (!found.isFile()) throw new HoldfastError('not-found', `${name} in ${location} is not a file`);
        return { name, size: found.size, modified: found.mtime * 1000 };
      });
    },

    read,
    stream,
    write,

    async remove(name, options = {}) {
      const path = fileOf(name);
      try {
        await run(`remove ${name}`, options.signal, (session) =>
          session.ask((sftp, done) => sftp.unlink(path, done), options.signal),
        );
      } catch (error) {
        if (!hasCode(error, 'not-found')) throw error;
      }
    },

    async removeEmptyFolder(folder, options = {}) {
      const path = fileOf(folder.slice(0, -1));
      await run(`remove the folder ${folder}`, options.signal, async (session) => {
        try {
          await session.ask((sftp, done) => sftp.rmdir(path, done), options.signal);
        } catch (error) {
          // Servers do not say that it is not empty, only that they failed.
          if (statusOf(error) !== status.failure && statusOf(error) !== status.noSuchFile) throw error;
        }
      });
    },

    async link(name, to, options = {}) {
      const [place, target] = [fileOf(name), fileOf(to)];
      const { signal } = options;
      await run(`link ${name}`, signal, async (session) => {
        modes ??= modesFor(session);
        await makeFolder(session, posix.dirname(place), (await modes).folder);
        const temporary = `${place}-tmp-${randomBytes(8).toString('hex')}`;
        const way = posix.relative(posix.dirname(place), target);
        await session.ask((sftp, done) => sftp.symlink(way, temporary, done), signal);
        try {
          await rename(session, temporary, place, signal);
        } catch (error) {
          await tidily(session.ask((sftp, done) => sftp.unlink(temporary, done)));
          throw error;
        }
      });
    },

    async *leftovers(folder, before, options = {}) {
      assertPrefix(folder);
      for await (const file of files(folder, isUnfinishedName, options.signal)) {
        if (file.modified! >= before) continue;
        const path = pathOf(file.name);
        yield {
          name: nameOfUnfinished(file.name)!,
          size: file.size,
          async remove() {
            await run(`remove what is left of ${file.name}`, undefined, async (session) => {
              const now = await statOrAbsent(session, path);
              if (now === undefined || now.mtime * 1000 >= before) return;
              await session.ask((sftp, done) => sftp.unlink(path, done));
            });
          },
        };
      }
    },

    async close() {
      pool.close();
    },
  };
}
