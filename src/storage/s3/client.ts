/** One S3 request: signed, sent, its refusal told in words; finds the bucket's region out when nobody named it. */
import type { Dispatcher } from 'undici';
import { HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import type { Clock } from '../../kernel/clock.ts';
import type { Limits } from '../limit.ts';
import type { CredentialSource } from './credentials.ts';
import type { Endpoint } from './endpoint.ts';
import { closeDispatcher } from '../http/connect.ts';
import { networkError } from '../http/network-error.ts';
import { keysExpired, otherRegion, refusalError, refusalOf, s3Ways } from './errors.ts';
import type { ErrorPlace, Refusal } from './errors.ts';
import { headerOf, send } from '../http/send.ts';
import type { HttpResponse } from '../http/send.ts';
import { createSigner, emptyHash, encodeQuery } from './sign.ts';

export interface S3Call {
  readonly method: 'GET' | 'PUT' | 'POST' | 'HEAD' | 'DELETE';
  /** below the location's prefix; '' is the bucket itself */
  readonly key: string;
  /** for messages, such as `write data/ab/abcd` */
  readonly action: string;
  readonly query?: readonly (readonly [string, string])[];
  /** lower-case names */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: readonly Uint8Array[];
  /** bytes of the body */
  readonly length?: number;
  /** for the answer's body, where it is large enough */
  readonly memory?: ArrayBuffer | undefined;
  /** of the body, in hex, or UNSIGNED-PAYLOAD; default that of no body */
  readonly payloadHash?: string;
  readonly signal?: AbortSignal | undefined;
  /** refusals that are answers to the caller; everything else that is not 2xx throws */
  readonly accept?: readonly number[];
}

export interface S3Client {
  readonly bucket: string;
  readonly endpoint: Endpoint;
  call(call: S3Call): Promise<HttpResponse>;
  /** the error of an answer that `accept` let through */
  refuse(response: HttpResponse, call: S3Call): HoldfastError;
  /** the region that requests are signed for at present */
  region(): string;
  /** true when the server is known to decide If-None-Match itself */
  readonly conditions: { known: boolean };
  close(): Promise<void>;
}

export interface S3ClientOptions {
  readonly bucket: string;
  readonly endpoint: Endpoint;
  readonly credentials: CredentialSource;
  readonly dispatcher: Dispatcher;
  /** host and port of the proxy that the dispatcher asks, for messages */
  readonly proxy?: string | undefined;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly userAgent: string;
}

/** Servers whose answer to the header If-None-Match has been seen to be right. */
const conditionalServers = /^(MinIO|AmazonS3)/;

export function createS3Client(options: S3ClientOptions): S3Client {
  const { bucket, endpoint, credentials, dispatcher, clock } = options;
  const sign = createSigner();
  const conditions = { known: endpoint.isAws };
  let region = endpoint.region ?? 'us-east-1';
  let closed: Promise<void> | undefined;

  const placeOf = (call: S3Call, now: number): ErrorPlace => ({
    action: call.action,
    bucket,
    server: endpoint.name,
    proxy: options.proxy,
    region,
    now,
    ...s3Ways,
  });

  async function attempt(call: S3Call, now: number): Promise<HttpResponse> {
    const { signal } = call;
    throwIfAborted(signal);
    const keys = await credentials.current();
    const { origin, host, path } = endpoint.address(call.key, region);
    const query = encodeQuery(call.query ?? []);
    const plain: Record<string, string> = { 'user-agent': options.userAgent, ...call.headers };
    if (call.body !== undefined) plain['content-length'] = String(call.length ?? 0);
    const payloadHash = call.payloadHash ?? emptyHash;
    const headers =
      keys === undefined
        ? { ...plain, host }
        : sign({ method: call.method, host, path, query, headers: plain, payloadHash }, keys, region, now);
    try {
      const target = query === '' ? path : `${path}?${query}`;
      return await send(dispatcher, {
        method: call.method,
        origin,
        path: target,
        headers,
        body: call.body,
        memory: call.memory,
        signal,
        limits: options.limits,
      });
    } catch (error) {
      throwIfAborted(signal);
      throw networkError(error, placeOf(call, now));
    }
  }

  async function call(call: S3Call): Promise<HttpResponse> {
    for (let tries = 0; ; tries++) {
      const now = clock.now();
      const signedFor = region;
      const response = await attempt(call, now);
      conditions.known ||= conditionalServers.test(headerOf(response, 'server') ?? '');
      if (response.status < 300 || call.accept?.includes(response.status)) return response;
      const refusal =
        call.method === 'HEAD' && response.status !== 404 && response.status < 500
          ? await explained(refusalOf(response), call)
          : refusalOf(response);
      const other = otherRegion(refusal, signedFor);
      if (other !== undefined && endpoint.region === undefined && tries === 0) {
        region = other;
        continue;
      }
      if (keysExpired(refusal) && credentials.expire()) {
        throw new HoldfastError('bad-credentials', 'the session of the access key has expired', {
          retryable: true,
        });
      }
      throw refusalError(refusal, placeOf(call, now));
    }
  }

  /**
   * An answer to HEAD has no body that tells why: ask where the bucket is, which has one, and is answered whatever
   * region it is signed for. Throws when that is refused, too.
   */
  async function explained(refusal: Refusal, { action, signal }: S3Call): Promise<Refusal> {
    const query = [['location', '']] as const;
    const response = await call({ method: 'GET', key: '', action, query, signal });
    const found = /<LocationConstraint[^>]*>([^<]*)</.exec(Buffer.from(response.body).toString())?.[1];
    return { ...refusal, region: refusal.region ?? found };
  }

  return {
    bucket,
    endpoint,
    conditions,
    call,
    region: () => region,
    refuse: (response, made) => refusalError(refusalOf(response), placeOf(made, clock.now())),
    close: () => (closed ??= closeDispatcher(dispatcher)),
  };
}
