/** The storage interface on an S3 bucket: what each method asks of the server, and what it makes of the answers. */
import { HoldfastError, hasCode, throwIfAborted } from '../../kernel/errors.ts';
import { piecesOf, totalLength, walkBody } from '../body.ts';
import { toHex } from '../../kernel/hex.ts';
import { readsOf } from '../http/ranges.ts';
import type { RangedObjects } from '../http/ranges.ts';
import { assertObjectName, assertPrefix } from '../names.ts';
import type { Attempt } from '../retry.ts';
import type { Body, StatOptions, Storage, StoredObject, WriteOptions } from '../storage.ts';
import { createBucket } from './bucket.ts';
import type { S3Call, S3Client } from './client.ts';
import { headerOf } from '../http/send.ts';
import { listObjects } from './list.ts';
import { listObjectVersions } from './list-versions.ts';
import { crcOf, cutParts, digest, uploadParts } from './multipart.ts';
import { keepVersions } from './settings/keep-versions.ts';
import { unsignedPayload } from './sign.ts';
import { textOf } from './xml.ts';

export interface S3StorageOptions {
  /** for messages, without secrets */
  readonly location: string;
  /** without slashes at its ends */
  readonly prefix: string;
  readonly storageClass?: string | undefined;
  readonly listVersion1?: boolean;
  /** bytes from which on an object goes up in parts, and the size of the first parts */
  readonly multipartFrom?: number;
  readonly partSize?: number;
  /** runs a part of a large upload, again where that helps; default once */
  readonly attempt?: Attempt;
}

/** Over TLS, bodies up to this size are hashed for the signature; larger ones are told by their CRC alone. */
const hashedOverTls = 1 << 16;

export function createS3Storage(client: S3Client, options: S3StorageOptions): Storage {
  const { prefix, multipartFrom = 64 << 20, partSize = 16 << 20 } = options;
  const root = prefix === '' ? '' : `${prefix}/`;
  const attempt: Attempt = options.attempt ?? ((work) => work());
  const objectHeaders: Record<string, string> = { 'content-type': 'application/octet-stream' };
  if (options.storageClass !== undefined) objectHeaders['x-amz-storage-class'] = options.storageClass;

  async function stat(name: string, how: StatOptions = {}): Promise<StoredObject> {
    assertObjectName(name);
    const query = versionQuery(how.version);
    const call = { method: 'HEAD', key: name, action: `find ${name}`, query, signal: how.signal } as const;
    const response = await client.call({ ...call, accept: how.version === undefined ? [403] : [] });
    if (response.status === 403) return statByListing(name, call);
    const modified = Date.parse(headerOf(response, 'last-modified') ?? '');
    const size = Number(headerOf(response, 'content-length') ?? Number.NaN);
    if (!Number.isSafeInteger(size)) {
      throw new HoldfastError('failed', `${client.endpoint.name} does not tell the size of ${name}`);
    }
    return { name, size, ...(Number.isNaN(modified) ? {} : { modified }) };
  }

  /** Who may only add cannot ask for an object, and may yet be allowed to see it in a listing. */
  async function statByListing(name: string, refused: S3Call): Promise<StoredObject> {
    const { signal } = refused;
    const version1 = options.listVersion1 ?? false;
    try {
      // the first of those that begin with a name is the one that ends there
      for await (const object of listObjects(client, name, { root, version1, most: 1, attempt, signal })) {
        if (object.name === name) return object;
        break;
      }
    } catch (error) {
      // The first refusal is the one to tell, and a HEAD that is told in words.
      if (hasCode(error, 'forbidden')) await client.call(refused);
      throw error;
    }
    throw new HoldfastError('not-found', `cannot find ${name} in ${client.bucket}: it does not exist`);
  }

  const readsOfVersion = (version: string | undefined): Pick<Storage, 'read' | 'stream'> => {
    const ranged: RangedObjects = {
      stat: (name, how = {}) => stat(name, { ...how, version }),
      get(name, { range, memory, signal }) {
        const headers: Record<string, string> = range === undefined ? {} : { range };
        const call = { method: 'GET', key: name, action: `read ${name}`, headers, memory, signal } as const;
        return client.call({ ...call, query: versionQuery(version), accept: [416] });
      },
    };
    return readsOf(ranged);
  };

  async function write(name: string, body: Body, how: WriteOptions = {}): Promise<void> {
    assertObjectName(name);
    throwIfAborted(how.signal);
    if (how.ifAbsent && !client.conditions.known) await assertAbsent(name, how.signal);
    const pieces = piecesOf(body);
    if (pieces !== undefined) {
      const length = totalLength(pieces);
      if (length < multipartFrom) return put(name, pieces, length, how);
      return putParts(name, cutParts(pieces, partSize), how);
    }
    const parts = cutParts(walkBody(body), partSize);
    const first = await parts.next();
    throwIfAborted(how.signal);
    const begin: Uint8Array[] = first.done ? [] : first.value;
    const length = totalLength(begin);
    if (length < partSize) return put(name, begin, length, how);
    return putParts(name, prepend(begin, parts), how);
  }

  async function put(
    name: string,
    pieces: readonly Uint8Array[],
    length: number,
    how: WriteOptions,
  ): Promise<void> {
    const known = how.sha256 === undefined ? undefined : toHex(how.sha256);
    const signed =
      known ?? (client.endpoint.secure && length > hashedOverTls ? unsignedPayload : digest(pieces).hash);
    const call: S3Call = {
      method: 'PUT',
      key: name,
      action: `write ${name}`,
      headers: {
        ...objectHeaders,
        'x-amz-checksum-crc32': crcOf(pieces),
        ...(how.ifAbsent ? { 'if-none-match': '*' } : {}),
      },
      body: pieces,
      length,
      payloadHash: signed,
      signal: how.signal,
      accept: how.ifAbsent ? [501] : [],
    };
    const response = await client.call(call);
    if (response.status === 501) {
      // The server cannot decide it: the question that was asked before has to do.
      await put(name, pieces, length, { ...how, ifAbsent: false });
    }
  }

  async function putParts(
    name: string,
    parts: AsyncIterable<Uint8Array[]>,
    how: WriteOptions,
  ): Promise<void> {
    await uploadParts(client, parts, {
      key: name,
      headers: objectHeaders,
      ifAbsent: how.ifAbsent ?? false,
      partSize,
      attempt,
      signal: how.signal,
    });
  }

  async function assertAbsent(name: string, signal: AbortSignal | undefined): Promise<void> {
    try {
      await stat(name, signal === undefined ? {} : { signal });
    } catch (error) {
      if (hasCode(error, 'not-found')) return;
      throw error;
    }
    throw new HoldfastError('exists', `${name} already exists in ${options.location}`);
  }

  return {
    location: options.location,
    capabilities: {
      freeNames: true,
      get conditionalCreate() {
        return client.conditions.known;
      },
    },
    async prepare(how = {}) {
      await createBucket(client, how.signal);
    },
    async *list(below, how = {}) {
      assertPrefix(below);
      throwIfAborted(how.signal);
      const version1 = options.listVersion1 ?? false;
      yield* listObjects(client, below, { root, version1, attempt, signal: how.signal });
    },
    stat,
    read: (name, range) => readsOfVersion(range?.version).read(name, range),
    stream: (name, range) => readsOfVersion(range?.version).stream(name, range),
    write,
    async remove(name, how = {}) {
      assertObjectName(name);
      const call: S3Call = {
        method: 'DELETE',
        key: name,
        action: `remove ${name}`,
        signal: how.signal,
        accept: [404],
      };
      const response = await client.call(call);
      if (
        response.status === 404 &&
        textOf(Buffer.from(response.body).toString(), 'Code') === 'NoSuchBucket'
      ) {
        throw client.refuse(response, call);
      }
    },
    keepVersions: (wish, how = {}) => keepVersions(client, root, wish, how.signal),
    async *listVersions(below, how = {}) {
      assertPrefix(below);
      throwIfAborted(how.signal);
      yield* listObjectVersions(client, below, { root, attempt, signal: how.signal });
    },
    close: () => client.close(),
  };
}

function versionQuery(version: string | undefined): [string, string][] {
  return version === undefined ? [] : [['versionId', version]];
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}
