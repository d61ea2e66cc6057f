/**
 * A folder on an FTP server. A write goes to a temporary file, whose size is compared with what was sent, and which is then
 * renamed: servers take a broken connection for the end of a file.
 */
import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';
import type { Client } from 'basic-ftp';
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { eachOrAborted, orAborted } from '../../kernel/or-aborted.ts';
import { allocate } from '../body.ts';
import { assertObjectName, assertPrefix, isUnfinishedName, nameOfUnfinished } from '../names.ts';
import { resolveRange, truncatedError } from '../range.ts';
import type { Body, ReadOptions, Storage, StoredObject, WriteOptions } from '../storage.ts';
import { listFiles, walkFolders } from '../walk-folders.ts';
import type { FolderEntry, FoundFile } from '../walk-folders.ts';
import { startFolder } from './connection.ts';
import { codeOf, ftpError } from './errors.ts';
import {
  canEnter,
  entriesOf,
  makeFolder,
  modifiedAt,
  removeAt,
  removeFolder,
  rename,
  sizeAt,
  uploadNew,
} from './files.ts';
import type { ClientPool } from './pool.ts';
import { download, watchBody } from './transfer.ts';
import type { Download } from './transfer.ts';

const streamPiece = 512 << 10;
/** Milliseconds that are spent at most on removing what a failed write has left. */
const tidyTimeout = 5000;

export interface FtpStorageOptions {
  /** for messages, without secrets */
  readonly location: string;
  /** absolute, or relative to the folder that a connection begins in */
  readonly path: string;
  /** folders that are listed at the same time */
  readonly ahead: number;
}

/** Nothing is connected yet. */
export function createFtpStorage(pool: ClientPool, { location, path, ahead }: FtpStorageOptions): Storage {
  let root: Promise<string> | undefined;

  async function rootOf(client: Client): Promise<string> {
    root ??= path.startsWith('/') ? Promise.resolve(path) : begin(client);
    return root;
  }

  async function begin(client: Client): Promise<string> {
    try {
      return posix.join(await startFolder(client), path);
    } catch (error) {
      root = undefined;
      throw error;
    }
  }

  async function pathOf(client: Client, name: string): Promise<string> {
    return posix.join(await rootOf(client), name);
  }

  async function run<T>(
    action: string,
    signal: AbortSignal | undefined,
    work: (client: Client) => Promise<T>,
  ): Promise<T> {
    try {
      return await pool.use(signal, work);
    } catch (error) {
      throw ftpError(error, action, location);
    }
  }

  /** Bytes. Code `not-found` when it is absent, or no file. */
  async function sizeOf(client: Client, name: string): Promise<number> {
    const file = await pathOf(client, name);
    const size = await sizeAt(client, file);
    if (size !== undefined) return size;
    // A folder that nobody may enter looks as if nothing were in it.
    await canEnter(client, posix.dirname(file));
    throw new HoldfastError('not-found', `${name} does not exist in ${location}`);
  }

  async function read(name: string, options: ReadOptions = {}): Promise<Uint8Array<ArrayBuffer>> {
    assertObjectName(name);
    const { signal, length: wanted } = options;
    return run(`read ${name}`, signal, async (client) => {
      // Who names the length need not wait for the size: a file that is too short shows itself.
      const { offset, length } = wanted
        ? { offset: options.offset ?? 0, length: wanted }
        : resolveRange(name, await sizeOf(client, name), options);
      const { memory } = options;
      let bytes = allocate(0);
      // To the end, for the server has a last word.
      for await (const piece of piecesOf(client, name, { offset, length, pieceBytes: length, memory }))
        bytes = piece;
      if (bytes.length === length) return bytes;
      const size = await sizeOf(client, name);
      throw size < offset + length ? truncatedError(name, offset, length, size) : cutError(name);
    });
  }

  /** When the server refuses: code `not-found` where there is no such file, `truncated` where it ends before the range does. */
  async function* piecesOf(
    client: Client,
    name: string,
    wanted: Download,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    if (wanted.length === 0) return;
    try {
      yield* download(client, await pathOf(client, name), wanted);
    } catch (error) {
      if (codeOf(error) !== 550 && codeOf(error) !== 554) throw error;
      const { offset, length } = wanted;
      const size = await sizeOf(client, name);
      throw size < offset + length ? truncatedError(name, offset, length, size) : error;
    }
  }

  async function* stream(name: string, options: ReadOptions = {}): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    assertObjectName(name);
    const { signal } = options;
    let client: Client | undefined;
    let clean = false;
    const onAbort = (): void => client?.close();
    signal?.addEventListener('abort', onAbort);
    try {
      client = await pool.take(signal);
      const size = await orAborted(sizeOf(client, name), signal);
      const { offset, length } = resolveRange(name, size, options);
      let done = 0;
      const wanted = { offset, length, pieceBytes: streamPiece };
      for await (const piece of eachOrAborted(piecesOf(client, name, wanted), signal)) {
        done += piece.length;
        yield piece;
      }
      if (done < length) throw cutError(name);
      clean = true;
    } catch (error) {
      throwIfAborted(signal);
      clean = hasCode(error, 'not-found', 'truncated');
      throw ftpError(error, `read ${name}`, location);
    } finally {
      signal?.removeEventListener('abort', onAbort);
      if (client !== undefined) pool.giveBack(client, clean);
    }
  }

  async function write(name: string, body: Body, options: WriteOptions = {}): Promise<void> {
    assertObjectName(name);
    const { signal } = options;
    const watched = watchBody(body, signal);
    const temporary = `${name}-tmp-${randomBytes(8).toString('hex')}`;
    let begun = false;
    try {
      await run(`write ${name}`, signal, async (client) => {
        const target = await pathOf(client, name);
        const beside = await pathOf(client, temporary);
        if (options.ifAbsent) await assertAbsent(client, target, name);
        begun = true;
        const sent = await uploadNew(client, beside, watched);
        const stored = await sizeAt(client, beside);
        if (stored !== sent) {
          throw new HoldfastError(
            'truncated',
            `cannot write ${name} in ${location}: ${sent} bytes were sent, and ${stored ?? 0} arrived`,
            { retryable: true },
          );
        }
        if (options.ifAbsent) await assertAbsent(client, target, name);
        await rename(client, beside, target);
      });
    } catch (error) {
      if (begun) await tidy(temporary);
      throw watched.failure === undefined ? error : watched.failure.error;
    }
  }

  /** The data connection ended before the file did, which looks as if it had been all. */
  function cutError(name: string): HoldfastError {
    const message = `cannot read ${name} in ${location}: the connection was cut`;
    return new HoldfastError('unreachable', message, { retryable: true });
  }

  async function assertAbsent(client: Client, target: string, name: string): Promise<void> {
    if ((await sizeAt(client, target)) !== undefined)
      throw new HoldfastError('exists', `${name} already exists in ${location}`);
  }

  /** Removes what a write that failed may have left, on a connection of its own; for a while, and whatever comes of it. */
  async function tidy(temporary: string): Promise<void> {
    const signal = AbortSignal.timeout(tidyTimeout);
    await pool
      .use(signal, async (client) => removeAt(client, await pathOf(client, temporary)))
      .catch(() => {});
  }

  async function* files(
    folder: string,
    wanted: (name: string) => boolean,
    signal: AbortSignal | undefined,
  ): AsyncGenerator<FoundFile> {
    const readFolder = (at: string): Promise<FolderEntry[]> =>
      run(`list ${at === '' ? 'the folder' : at}`, signal, async (client) =>
        entriesOf(client, await pathOf(client, at)),
      );
    yield* walkFolders(folder, readFolder, ahead, wanted, signal);
  }

  return {
    location,
    // Between looking and renaming somebody else may come: FTP has nothing better.
    capabilities: { conditionalCreate: false, freeNames: true },

    async prepare(options = {}) {
      await run('create the folder', options.signal, async (client) =>
        makeFolder(client, await rootOf(client)),
      );
    },

    list: (prefix, options = {}) =>
      listFiles(prefix, (folder, wanted) => files(folder, wanted, options.signal)),

    async stat(name, options = {}): Promise<StoredObject> {
      assertObjectName(name);
      return run(`find ${name}`, options.signal, async (client) => {
        const size = await sizeOf(client, name);
        const modified = await modifiedAt(client, await pathOf(client, name));
        return { name, size, ...(modified === undefined ? {} : { modified }) };
      });
    },

    read,
    stream,
    write,

    async remove(name, options = {}) {
      assertObjectName(name);
      await run(`remove ${name}`, options.signal, async (client) =>
        removeAt(client, await pathOf(client, name)),
      );
    },

    async removeEmptyFolder(folder, options = {}) {
      assertObjectName(folder.slice(0, -1));
      await run(`remove the folder ${folder}`, options.signal, async (client) =>
        removeFolder(client, await pathOf(client, folder)),
      );
    },

    async *leftovers(folder, before, options = {}) {
      assertPrefix(folder);
      const { signal } = options;
      const isOld = async (client: Client, name: string): Promise<boolean> => {
        const modified = await modifiedAt(client, await pathOf(client, name));
        return modified !== undefined && modified < before;
      };
      for await (const { name, size } of files(folder, isUnfinishedName, signal)) {
        // Listings tell times in the server's own zone, and to the day.
        if (!(await run(`find ${name}`, signal, (client) => isOld(client, name)))) continue;
        yield {
          name: nameOfUnfinished(name)!,
          size,
          remove: () =>
            run(`remove what is left of ${name}`, undefined, async (client) => {
              if (await isOld(client, name)) await removeAt(client, await pathOf(client, name));
            }),
        };
      }
    },

    async close() {
      pool.close();
    },
  };
}
