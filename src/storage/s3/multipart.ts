/** Uploads in parts, for what is large or of unknown length: a few parts at a time, all of them taken back on failure. */
import { crc32 } from 'node:zlib';
import { createHash } from 'node:crypto';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { totalLength } from '../body.ts';
import type { Attempt } from '../retry.ts';
import type { S3Client } from './client.ts';
import { headerOf } from '../http/send.ts';
import { escapeXml, textOf } from './xml.ts';

export interface MultipartOptions {
  readonly key: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly ifAbsent: boolean;
  /** the size of the first parts; later ones are larger, so that 10,000 parts are enough */
  readonly partSize: number;
  readonly attempt: Attempt;
  readonly signal?: AbortSignal | undefined;
}

interface Part {
  readonly number: number;
  readonly etag: string;
  readonly crc: string;
}

const mostParts = 10_000;
/** Parts under way at the same time; each is in memory. */
const concurrent = 4;
/** After so many parts their size doubles. */
const partsPerSize = 2500;
const abortTimeout = 30_000;

/** Size of part `number`, from 1. */
export function partSizeOf(number: number, first: number): number {
  return first * 2 ** Math.floor((number - 1) / partsPerSize);
}

/** Cuts `pieces` into parts; a part is a list of pieces, not copied. */
export async function* cutParts(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  first: number,
): AsyncGenerator<Uint8Array[]> {
  let part: Uint8Array[] = [];
  let number = 1;
  let room = partSizeOf(number, first);
  for await (let piece of pieces) {
    while (piece.length >= room) {
      part.push(piece.subarray(0, room));
      yield part;
      piece = piece.subarray(room);
      part = [];
      room = partSizeOf(++number, first);
    }
    if (piece.length > 0) part.push(piece);
    room -= piece.length;
  }
  if (part.length > 0) yield part;
}

/** Uploads all parts and completes; resolves when the object is there. */
export async function uploadParts(
  client: S3Client,
  parts: AsyncIterable<Uint8Array[]>,
  options: MultipartOptions,
): Promise<void> {
  const { key, attempt, signal } = options;
  const action = `write ${key}`;
  const uploadId = await attempt(() => begin(client, action, options), signal);
  try {
    const done = await sendAll(client, parts, uploadId, options);
    throwIfAborted(signal);
    await attempt(() => complete(client, action, uploadId, done, options), signal);
  } catch (error) {
    await abort(client, key, uploadId);
    throw error;
  }
}

async function begin(client: S3Client, action: string, options: MultipartOptions): Promise<string> {
  const response = await client.call({
    method: 'POST',
    key: options.key,
    action,
    query: [['uploads', '']],
    headers: { ...options.headers, 'x-amz-checksum-algorithm': 'CRC32' },
    signal: options.signal,
  });
  const id = textOf(Buffer.from(response.body).toString(), 'UploadId');
  if (id === undefined || id === '') {
    throw new HoldfastError('failed', `${client.endpoint.name} began no upload of ${options.key}`);
  }
  return id;
}

async function sendAll(
  client: S3Client,
  parts: AsyncIterable<Uint8Array[]>,
  uploadId: string,
  options: MultipartOptions,
): Promise<Part[]> {
  const done: Part[] = [];
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();
  const signal = options.signal === undefined ? stop.signal : AbortSignal.any([options.signal, stop.signal]);
  let failure: { error: unknown } | undefined;
  try {
    let number = 0;
    for await (const pieces of parts) {
      throwIfAborted(options.signal);
      if (failure !== undefined) break;
      if (++number > mostParts) {
        throw new HoldfastError('failed', `${options.key} is too large to be stored as one object`);
      }
      const current = number;
      const sending = options
        .attempt(() => sendPart(client, current, pieces, uploadId, options.key, signal), signal)
        .then((part) => void done.push(part))
        .catch((error: unknown) => {
          failure ??= { error };
          stop.abort(error);
        })
        .finally(() => underWay.delete(sending));
      underWay.add(sending);
      if (underWay.size >= concurrent) await Promise.race(underWay);
    }
  } catch (error) {
    failure ??= { error };
    stop.abort(error);
  }
  await Promise.all(underWay);
  if (failure !== undefined) throw failure.error;
  return done.sort((a, b) => a.number - b.number);
}

async function sendPart(
  client: S3Client,
  number: number,
  pieces: Uint8Array[],
  uploadId: string,
  key: string,
  signal: AbortSignal,
): Promise<Part> {
  const { hash, crc } = digest(pieces);
  const response = await client.call({
    method: 'PUT',
    key,
    action: `write ${key}`,
    query: [
      ['partNumber', String(number)],
      ['uploadId', uploadId],
    ],
    headers: { 'x-amz-checksum-crc32': crc },
    body: pieces,
    length: totalLength(pieces),
    payloadHash: hash,
    signal,
  });
  const etag = headerOf(response, 'etag');
  if (etag === undefined) {
    throw new HoldfastError('failed', `${client.endpoint.name} gave no tag for part ${number} of ${key}`);
  }
  return { number, etag, crc };
}

async function complete(
  client: S3Client,
  action: string,
  uploadId: string,
  parts: readonly Part[],
  { key, ifAbsent, signal }: MultipartOptions,
): Promise<void> {
  const list = parts.map(
    ({ number, etag, crc }) =>
      `<Part><ChecksumCRC32>${crc}</ChecksumCRC32><ETag>${escapeXml(etag)}</ETag><PartNumber>${number}</PartNumber></Part>`,
  );
  const body = Buffer.from(
    `<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${list.join('')}</CompleteMultipartUpload>`,
  );
  const call = {
    method: 'POST',
    key,
    action,
    query: [['uploadId', uploadId]],
    headers: { 'content-type': 'application/xml', ...(ifAbsent ? { 'if-none-match': '*' } : {}) },
    body: [body],
    length: body.length,
    payloadHash: createHash('sha256').update(body).digest('hex'),
    signal,
  } as const;
  const response = await client.call(call);
  // A server that works on it for long begins with status 200 and tells a failure only in the body.
  if (Buffer.from(response.body).includes('<Error>')) throw client.refuse({ ...response, status: 500 }, call);
}

/** Not with the caller's signal: taking the parts back is what has to happen after an interruption. */
async function abort(client: S3Client, key: string, uploadId: string): Promise<void> {
  try {
    await client.call({
      method: 'DELETE',
      key,
      action: `take back ${key}`,
      query: [['uploadId', uploadId]],
      signal: AbortSignal.timeout(abortTimeout),
      accept: [404],
    });
  } catch {
    // The failure that led here is the one to tell; servers drop unfinished uploads by their lifecycle rules.
  }
}

/** SHA-256 in hex and CRC-32 in base64, as headers want them. */
export function digest(pieces: readonly Uint8Array[]): { hash: string; crc: string } {
  const hash = createHash('sha256');
  for (const piece of pieces) hash.update(piece);
  return { hash: hash.digest('hex'), crc: crcOf(pieces) };
}

export function crcOf(pieces: readonly Uint8Array[]): string {
  let crc = 0;
  for (const piece of pieces) crc = crc32(piece, crc);
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc >>> 0);
  return bytes.toString('base64');
}
