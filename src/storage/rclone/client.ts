/** Talks to rclone's remote control: calls, objects, uploads; starts rclone when it is first needed, and again when it has ended. */
import { randomUUID } from 'node:crypto';
import { copyOf } from '../../kernel/bytes.ts';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { concatenate, totalLength } from '../body.ts';
import { networkError } from '../http/network-error.ts';
import type { RangedGet } from '../http/ranges.ts';
import { headerOf, send } from '../http/send.ts';
import type { HttpRequest, HttpResponse } from '../http/send.ts';
import type { Limits } from '../limit.ts';
import { encodePath } from '../http/encode.ts';
import { isAbsent, rcloneError } from './errors.ts';
import type { RclonePlace } from './errors.ts';
import { remoteName, wholeUpload } from './server.ts';
import type { RcloneServer } from './server.ts';

export interface RcloneClient {
  /** A call of the remote control on the location; undefined where the object or folder is not there. */
  call(call: RcloneCall): Promise<Readonly<Record<string, unknown>> | undefined>;
  /** The bytes of an object, status 416 let through. Code `not-found`. */
  get(name: string, how: RangedGet): Promise<HttpResponse>;
  /** Puts all of a body under a name. What throws while it is read is thrown as it is. */
  upload(name: string, body: AsyncIterable<Uint8Array>, upload: Upload): Promise<void>;
  close(): Promise<void>;
}

export interface RcloneCall {
  /** such as `operations/list` */
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly action: string;
  readonly signal?: AbortSignal | undefined;
}

export interface Upload {
  readonly action: string;
  readonly signal: AbortSignal | undefined;
}

export interface RcloneClientOptions {
  readonly start: () => Promise<RcloneServer>;
  readonly location: string;
  /** the remote's name, for messages */
  readonly name: string;
  readonly limits: Limits;
}

export function createRcloneClient(options: RcloneClientOptions): RcloneClient {
  const { location, name: remote, limits } = options;
  let running: Promise<RcloneServer> | undefined;
  let closed = false;
  const place = (action: string): RclonePlace => ({ action, location, name: remote });

  async function server(): Promise<RcloneServer> {
    if (closed) throw new HoldfastError('failed', `${location} is closed`);
    running ??= options.start();
    try {
      return await running;
    } catch (error) {
      running = undefined;
      throw error;
    }
  }

  async function request(
    action: string,
    what: Omit<HttpRequest, 'origin' | 'limits'>,
  ): Promise<HttpResponse> {
    throwIfAborted(what.signal);
    const pending = server();
    const current = await pending;
    try {
      return await send(current.dispatcher, { ...what, origin: 'http://rclone', limits });
    } catch (error) {
      throwIfAborted(what.signal);
      const how = await current.endedSoon();
      if (how === undefined) {
        throw networkError(error, {
          action,
          server: 'rclone',
          plainForm: 'rclone:',
          authorities: '--cacert',
        });
      }
      // the next try starts another one
      if (running !== undefined && (await running.catch(() => undefined)) === current) running = undefined;
      await current.stop();
      const message = `cannot ${action} in ${location}: rclone ${how}`;
      throw new HoldfastError('unreachable', message, { retryable: true, cause: error });
    }
  }

  function refusal(response: HttpResponse, action: string): HoldfastError {
    return rcloneError(wordsOf(response), place(action));
  }

  return {
    async call({ method, parameters, action, signal }) {
      const body = Buffer.from(JSON.stringify({ fs: remoteName, ...parameters }));
      const headers = { 'content-type': 'application/json', 'content-length': String(body.length) };
      const response = await request(action, {
        method: 'POST',
        path: `/${method}`,
        headers,
        body: [body],
        signal,
      });
      if (response.status === 200) return parse(response);
      if (isAbsent(wordsOf(response))) return undefined;
      throw refusal(response, action);
    },

    async get(name, { range, memory, signal }) {
      const action = `read ${name}`;
      const path = `/${encodePath(`[${remoteName}]/${name}`)}`;
      const headers: Record<string, string> = range === undefined ? {} : { range };
      const response = await request(action, { method: 'GET', path, headers, memory, signal });
      if (beginsBeyondTheEnd(response)) return { ...response, status: 416 };
      if (response.status < 300 || response.status === 416) return response;
      throw refusal(response, action);
    },

    async upload(name, body, { action, signal }) {
      let broken: { error: unknown } | undefined;
      async function* watched(): AsyncGenerator<Uint8Array> {
        try {
          yield* body;
        } catch (error) {
          broken = { error };
          throw error;
        }
      }
      const slash = name.lastIndexOf('/');
      const boundary = randomUUID();
      const query = new URLSearchParams({ fs: remoteName, remote: name.slice(0, Math.max(slash, 0)) });
      try {
        const response = await request(action, {
          ...{ method: 'POST', path: `/operations/uploadfile?${query.toString()}`, signal },
          headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
          body: form(boundary, name.slice(slash + 1), watched()),
        });
        if (response.status !== 200) throw refusal(response, action);
      } catch (error) {
        throwIfAborted(signal);
        if (broken !== undefined) throw broken.error;
        throw error;
      }
    },

    async close() {
      closed = true;
      const last = running;
      running = undefined;
      await (await last?.catch(() => undefined))?.stop();
    },
  };
}

/**
 * The body of a form with one file. Its beginning goes out in one piece: rclone takes a small file that is cut for a
 * whole one, and a large one for what it is.
 */
async function* form(
  boundary: string,
  fileName: string,
  body: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const name = encodePath(fileName);
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename*=UTF-8''${name}\r\n\r\n`;
  const begin: Uint8Array[] = [Buffer.from(head)];
  let begun = false;
  for await (const piece of body) {
    if (begun) yield piece;
    else {
      // the caller may use its memory again
      begin.push(copyOf(piece));
      if (totalLength(begin) > 2 * wholeUpload) {
        yield concatenate(begin);
        begun = true;
      }
    }
  }
  const tail = Buffer.from(`\r\n--${boundary}--\r\n`);
  yield begun ? tail : concatenate([...begin, tail]);
}

/** rclone answers such ranges with 206 or 404, as the remote pleases, and an impossible range. */
function beginsBeyondTheEnd(response: HttpResponse): boolean {
  const [, begin, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(headerOf(response, 'content-range') ?? '') ?? [];
  return begin !== undefined && Number(begin) >= Number(size);
}

function parse(response: HttpResponse): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(Buffer.from(response.body.buffer).toString()) as Record<string, unknown>;
  } catch (cause) {
    throw new HoldfastError('corrupt', "rclone's answer is not JSON", { cause });
  }
}

function wordsOf({ body, status }: HttpResponse): string {
  const text = Buffer.from(body.buffer, 0, body.length).toString();
  try {
    const { error } = JSON.parse(text) as { error?: unknown };
    if (typeof error === 'string') return error;
  } catch {
    // a plain text then
  }
  return text.trim().slice(0, 500) || `status ${status}`;
}
