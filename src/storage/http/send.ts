/**
 * HTTP on undici: connections are kept, a body goes out without being copied, and an answer is collected into one
 * array of exactly its size.
 */
import type { Dispatcher } from 'undici';
import { allocate, concatenate, piecesOf } from '../body.ts';
import { paceBody } from '../limit.ts';
import type { Bandwidth, Limits } from '../limit.ts';

export interface HttpRequest {
  readonly method: string;
  readonly origin: string;
  /** with the query */
  readonly path: string;
  readonly headers: Record<string, string>;
  /** pieces; a stream goes out in chunks unless the headers tell its length */
  readonly body?: readonly Uint8Array[] | AsyncIterable<Uint8Array> | undefined;
  readonly limits?: Limits;
  /** for the answer's body, where it is large enough */
  readonly memory?: ArrayBuffer | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface HttpResponse {
  readonly status: number;
  /** lower-case names */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: Uint8Array<ArrayBuffer>;
}

/** The answer ended before all the bytes had come that it promised. */
export class ShortAnswerError extends Error {}

/** A whole answer is collected; refuses to reserve more than this for one. */
const largestAnswer = 2 ** 32;

/** Rejects with undici's errors, or the signal's reason when it aborts. */
export function send(dispatcher: Dispatcher, request: HttpRequest): Promise<HttpResponse> {
  const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
  const { signal, limits } = request;
  let abortRequest: ((reason: Error) => void) | undefined;
  let status = 0;
  let headers: HttpResponse['headers'] = {};
  let whole: Uint8Array<ArrayBuffer> | undefined;
  let pieces: Uint8Array[] = [];
  let received = 0;

  const onAbort = (): void => {
    const reason = abortReason(signal);
    abortRequest?.(reason);
    settle(() => reject(reason));
  };
  const settle = (report: () => void): void => {
    signal?.removeEventListener('abort', onAbort);
    report();
  };
  if (signal?.aborted) return Promise.reject(abortReason(signal));
  signal?.addEventListener('abort', onAbort, { once: true });

  dispatcher.dispatch(
    {
      origin: request.origin,
      path: request.path,
      method: request.method as Dispatcher.HttpMethod,
      headers: request.headers,
      body: bodyFor(request.body, limits?.upload, signal),
    },
    {
      onRequestStart(controller) {
        abortRequest = (reason) => controller.abort(reason);
        if (signal?.aborted) controller.abort(abortReason(signal));
      },
      onResponseStart(_controller, statusCode, answered) {
        if (statusCode < 200) return;
        status = statusCode;
        headers = answered;
        pieces = [];
        received = 0;
        const length = Number(answered['content-length'] ?? Number.NaN);
        const expected = request.method !== 'HEAD' && Number.isSafeInteger(length) && length <= largestAnswer;
        whole = expected ? allocate(length, request.memory) : undefined;
      },
      onResponseData(controller, chunk) {
        if (whole === undefined) pieces.push(Uint8Array.from(chunk));
        else if (received + chunk.length <= whole.length) whole.set(chunk, received);
        else controller.abort(new ShortAnswerError('the answer is longer than it said'));
        received += chunk.length;
        if (limits?.download !== undefined) pace(controller, chunk.length, limits.download, signal);
      },
      onResponseEnd() {
        settle(() => {
          if (whole !== undefined && received !== whole.length) {
            reject(new ShortAnswerError(`${received} bytes came instead of ${whole.length}`));
          } else resolve({ status, headers, body: whole ?? concatenate(pieces) });
        });
      },
      onResponseError(_controller, error) {
        settle(() => reject(error));
      },
    },
  );
  return promise;
}

/** One value of a header. */
export function headerOf(response: HttpResponse, name: string): string | undefined {
  const value = response.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

type UndiciBody = NonNullable<Dispatcher.DispatchOptions['body']> | null;

function bodyFor(
  body: HttpRequest['body'],
  upload: Bandwidth | undefined,
  signal: AbortSignal | undefined,
): UndiciBody {
  const pieces = body === undefined ? [] : piecesOf(body);
  if (pieces?.length === 0) return null;
  // undici takes any iterable and sends it piece by piece, though its types do not say so.
  if (upload !== undefined) return paceBody(body!, upload, signal) as unknown as UndiciBody;
  return pieces?.length === 1 ? pieces[0]! : (body as unknown as UndiciBody);
}

/** Stops reading from the connection until the bandwidth has room for what has just come. */
function pace(
  controller: Dispatcher.DispatchController,
  bytes: number,
  bandwidth: Bandwidth,
  signal: AbortSignal | undefined,
): void {
  controller.pause();
  bandwidth.take(bytes, signal).then(
    // Not at once: undici has to finish with the piece that it was told to stop at.
    () => setImmediate(() => controller.resume()),
    // An abort ends the whole request by itself.
    () => {},
  );
}

function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new Error('aborted');
}
