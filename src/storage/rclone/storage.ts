/**
 * The storage interface on whatever rclone reaches. Where a cut upload would show under its name (disks, SFTP), a write
 * goes to a temporary name first, as rclone's own copies do; where objects appear as a whole, straight to its place.
 */
import { randomBytes } from 'node:crypto';
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { walkBody } from '../body.ts';
import { readsOf } from '../http/ranges.ts';
import type { RangedObjects } from '../http/ranges.ts';
import { assertObjectName, assertPrefix, isUnfinishedName, nameOfUnfinished } from '../names.ts';
import type { Body, Storage, StoredObject, WriteOptions } from '../storage.ts';
import type { RcloneClient } from './client.ts';
import { listBelow, timeOf } from './list.ts';
import { remoteName } from './server.ts';

/** Milliseconds that are spent at most on removing what a failed write has left. */
const tidyTimeout = 5000;

type Signalled = { signal?: AbortSignal };

/** `location` is what messages say, without secrets. */
export function createRcloneStorage(client: RcloneClient, location: string): Storage {
  let partial: Promise<boolean> | undefined;

  /** True when an object may be seen before all of it is there, and can be renamed. */
  async function showsPartials(signal: AbortSignal | undefined): Promise<boolean> {
    partial ??= askFeatures(client, signal);
    try {
      return await partial;
    } catch (error) {
      partial = undefined;
      throw error;
    }
  }

  async function stat(name: string, { signal }: Signalled = {}): Promise<StoredObject> {
    assertObjectName(name);
    const answer = await client.call({
      method: 'operations/stat',
      parameters: { remote: name, opt: { noMimeType: true } },
      action: `find ${name}`,
      signal,
    });
    const item = (answer?.['item'] ?? undefined) as
      { Size: number; ModTime?: string; IsDir: boolean } | undefined;
    if (item === undefined || item.IsDir) {
      throw new HoldfastError('not-found', `cannot find ${name} in ${location}: it does not exist`);
    }
    return { name, size: item.Size, ...timeOf(item.ModTime) };
  }

  const ranged: RangedObjects = { stat, get: client.get };

  async function deleteFile(name: string, signal: AbortSignal | undefined): Promise<void> {
    const action = `remove ${name}`;
    await client.call({ method: 'operations/deletefile', parameters: { remote: name }, action, signal });
  }

  async function write(name: string, body: Body, how: WriteOptions = {}): Promise<void> {
    const { signal } = how;
    assertObjectName(name);
    throwIfAborted(signal);
    if (how.ifAbsent) await assertAbsent(name, signal);
    const upload = { action: `write ${name}`, signal };
    const pieces = untilAborted(body, signal);
    if (!(await showsPartials(signal))) return client.upload(name, pieces, upload);
    const temporary = `${name}-tmp-${randomBytes(8).toString('hex')}`;
    try {
      await client.upload(temporary, pieces, upload);
      throwIfAborted(signal);
      const moved = await client.call({
        method: 'operations/movefile',
        parameters: {
          ...{ srcFs: remoteName, srcRemote: temporary },
          ...{ dstFs: remoteName, dstRemote: name },
        },
        ...upload,
      });
      if (moved === undefined) {
        throw new HoldfastError('failed', `cannot write ${name} in ${location}: it was removed meanwhile`);
      }
    } catch (error) {
      // A listing does not show it: a later prune finds what cannot be removed now.
      await deleteFile(temporary, AbortSignal.timeout(tidyTimeout)).catch(() => {});
      throw error;
    }
  }

  async function assertAbsent(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await stat(name, signal && { signal });
    } catch (error) {
      if (hasCode(error, 'not-found')) return;
      throw error;
    }
    throw new HoldfastError('exists', `${name} already exists in ${location}`);
  }

  return {
    location,
    capabilities: { conditionalCreate: false, freeNames: true },

    async prepare({ signal } = {}) {
      const action = 'create the folder';
      await client.call({ method: 'operations/mkdir', parameters: { remote: '' }, action, signal });
    },

    async *list(prefix, { signal } = {}) {
      assertPrefix(prefix);
      throwIfAborted(signal);
      const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
      for await (const object of listBelow(client, folder, signal)) {
        if (object.name.startsWith(prefix) && !isUnfinishedName(object.name)) yield object;
      }
    },

    stat,
    ...readsOf(ranged),
    write,

    async remove(name, { signal } = {}) {
      assertObjectName(name);
      await deleteFile(name, signal);
    },

    async removeEmptyFolder(folder, { signal } = {}) {
      const name = folder.slice(0, -1);
      assertObjectName(name);
      const action = `remove the folder ${folder}`;
      try {
        await client.call({ method: 'operations/rmdir', parameters: { remote: name }, action, signal });
      } catch (error) {
        // That it is not empty, or not there, every remote says in words of its own.
        if (!hasCode(error, 'failed')) throw error;
      }
    },

    async *leftovers(folder, before, { signal } = {}) {
      assertPrefix(folder);
      for await (const { name, size, modified } of listBelow(client, folder, signal)) {
        const wanted = nameOfUnfinished(name);
        if (wanted === undefined || modified === undefined || modified >= before) continue;
        yield { name: wanted, size, remove: () => deleteFile(name, signal) };
      }
    },

    close: () => client.close(),
  };
}

async function askFeatures(client: RcloneClient, signal: AbortSignal | undefined): Promise<boolean> {
  const action = 'ask what the remote can do';
  const answer = await client.call({ method: 'operations/fsinfo', parameters: {}, action, signal });
  const features = (answer?.['Features'] ?? {}) as { PartialUploads?: boolean; Move?: boolean };
  return features.PartialUploads === true && features.Move === true;
}

async function* untilAborted(body: Body, signal: AbortSignal | undefined): AsyncGenerator<Uint8Array> {
  for await (const piece of walkBody(body)) {
    throwIfAborted(signal);
    yield piece;
  }
  throwIfAborted(signal);
}
