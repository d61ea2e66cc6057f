/** The storage interface on a server that speaks restic's REST protocol: repositories alone have a place there. */
import { randomBytes } from 'node:crypto';
import { copyOf } from '../../kernel/bytes.ts';
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { concatenate, piecesOf, totalLength, walkBody } from '../body.ts';
import { readRange, streamRange } from '../http/ranges.ts';
import type { RangedObjects } from '../http/ranges.ts';
import { headerOf } from '../http/send.ts';
import { assertPrefix } from '../names.ts';
import type { Body, Storage, StoredObject, WriteOptions } from '../storage.ts';
import type { RestCall, RestClient } from './client.ts';
import { appendOnlyError } from './errors.ts';
import { listFolder } from './list.ts';
import { folders, pathOf } from './names.ts';

type Signalled = { signal?: AbortSignal };

/** `location` is what messages say, without secrets. */
export function createRestStorage(client: RestClient, location: string): Storage {
  async function stat(name: string, how: Signalled = {}): Promise<StoredObject> {
    const response = await client.call({
      ...{ method: 'HEAD', path: pathOf(name), action: `find ${name}`, signal: how.signal },
    });
    const size = Number(headerOf(response, 'content-length') ?? Number.NaN);
    if (!Number.isSafeInteger(size)) {
      throw new HoldfastError('failed', `the server of ${location} does not tell the size of ${name}`);
    }
    const modified = Date.parse(headerOf(response, 'last-modified') ?? '');
    return { name, size, ...(Number.isNaN(modified) ? {} : { modified }) };
  }

  async function statIfThere(
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<StoredObject | undefined> {
    try {
      return await stat(name, signal && { signal });
    } catch (error) {
      if (hasCode(error, 'not-found')) return undefined;
      throw error;
    }
  }

  const ranged: RangedObjects = {
    stat,
    get: (name, { range, memory, signal }) =>
      client.call({
        ...{ method: 'GET', path: pathOf(name), action: `read ${name}`, memory, signal },
        headers: range === undefined ? {} : { range },
        accept: [416],
      }),
  };

  async function remove(name: string, { signal }: Signalled = {}): Promise<void> {
    const call = { method: 'DELETE', path: pathOf(name), action: `remove ${name}`, signal } as const;
    const { status } = await client.call({ ...call, accept: name.startsWith('locks/') ? [404] : [403, 404] });
    if (status === 403) throw appendOnlyError(client.place(call.action));
  }

  /** A name is the hash of its content: whoever writes has had all of it in memory, and streams are short. */
  async function write(name: string, body: Body, how: WriteOptions = {}): Promise<void> {
    const { signal, ifAbsent } = how;
    const path = pathOf(name);
    throwIfAborted(signal);
    const alreadyThere = (): HoldfastError =>
      new HoldfastError('exists', `${name} already exists in ${location}`);
    if (ifAbsent && (await statIfThere(name, signal))) throw alreadyThere();
    const pieces = piecesOf(body) ?? (await gather(body, signal));
    const call: RestCall = {
      ...{ method: 'POST', path, action: `write ${name}`, body: pieces, signal, accept: [403] },
      headers: {
        'content-type': 'application/octet-stream',
        'content-length': String(totalLength(pieces)),
      },
    };
    const response = await client.call(call);
    if (response.status !== 403) return;
    // Servers do not replace what is there; which refusal this is, only a look tells.
    const found = await statIfThere(name, signal);
    if (found === undefined) throw client.refuse(response, call);
    if (ifAbsent) throw alreadyThere();
    if (await holds(found, pieces, signal)) return;
    await remove(name, signal && { signal });
    await client.call({ ...call, accept: [] });
  }

  async function holds(
    { name, size }: StoredObject,
    pieces: readonly Uint8Array[],
    signal: AbortSignal | undefined,
  ): Promise<boolean> {
    if (size !== totalLength(pieces)) return false;
    const stored = await readRange(ranged, name, signal && { signal });
    return Buffer.from(stored.buffer).equals(concatenate(pieces));
  }

  return {
    location,
    capabilities: { conditionalCreate: false, freeNames: false },

    async prepare({ signal } = {}) {
      await client.call({ method: 'POST', path: '?create=true', action: 'create the repository', signal });
    },

    async *list(prefix, { signal } = {}) {
      assertPrefix(prefix);
      throwIfAborted(signal);
      if ('config'.startsWith(prefix)) {
        const config = await statIfThere('config', signal);
        if (config !== undefined) yield config;
      }
      for (const folder of folders) {
        if (!`${folder}/`.startsWith(prefix) && !prefix.startsWith(`${folder}/`)) continue;
        for await (const object of listFolder(
          client,
          folder,
          (name) => stat(name, signal && { signal }),
          signal,
        )) {
          if (object.name.startsWith(prefix)) yield object;
        }
      }
    },

    stat,
    read: (name, range) => readRange(ranged, name, range),
    stream: (name, range) => streamRange(ranged, name, range),
    write,
    remove,

    async mayRemove({ signal } = {}) {
      // Servers that only append refuse before they look whether it is there.
      const path = `data/${randomBytes(32).toString('hex')}`;
      const action = 'ask whether anything may be removed';
      const { status } = await client.call({ method: 'DELETE', path, action, signal, accept: [403, 404] });
      return status !== 403;
    },

    close: () => client.close(),
  };
}

async function gather(body: Body, signal: AbortSignal | undefined): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of walkBody(body)) {
    throwIfAborted(signal);
    pieces.push(copyOf(piece));
  }
  throwIfAborted(signal);
  return pieces;
}
