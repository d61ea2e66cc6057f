/** AWS Signature Version 4 in headers, with the signing key kept for as long as date, region and secret stay the same. */
import { createHash, createHmac } from 'node:crypto';
import { encodePart } from '../http/encode.ts';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string | undefined;
  /** milliseconds since 1970; undefined for keys that do not expire */
  readonly expires?: number | undefined;
}

export interface UnsignedRequest {
  readonly method: string;
  readonly host: string;
  /** as it is sent: encoded once, with a leading slash */
  readonly path: string;
  /** as it is sent: encoded, sorted by name, without `?` */
  readonly query: string;
  /** lower-case names; those that begin with `x-amz-` are signed, the others only sent */
  readonly headers: Readonly<Record<string, string>>;
  /** SHA-256 of the body in hex, or `UNSIGNED-PAYLOAD` */
  readonly payloadHash: string;
}

export type Signer = (
  request: UnsignedRequest,
  credentials: Credentials,
  region: string,
  now: number,
) => Record<string, string>;

/** SHA-256 of no bytes at all, in hex. */
export const emptyHash = createHash('sha256').digest('hex');

export const unsignedPayload = 'UNSIGNED-PAYLOAD';

/** Pairs as a query string, sorted and encoded as the signature wants it. */
export function encodeQuery(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(([name, value]) => `${encodePart(name)}=${encodePart(value)}`)
    .sort()
    .join('&');
}

/** A signer returns all headers to send: those of the request, and those that it adds. */
export function createSigner(service = 's3'): Signer {
  let keyName = '';
  let key: Buffer = Buffer.alloc(0);
  let second = -1;
  let stamp = '';

  function signingKey(secret: string, date: string, region: string): Buffer {
    const name = `${date}/${region}/${secret}`;
    if (name !== keyName) {
      const steps = [date, region, service, 'aws4_request'];
      key = steps.reduce<Buffer>((previous, step) => hmac(previous, step), Buffer.from(`AWS4${secret}`));
      keyName = name;
    }
    return key;
  }

  return (request, credentials, region, now) => {
    if (Math.floor(now / 1000) !== second) {
      second = Math.floor(now / 1000);
      stamp = new Date(second * 1000).toISOString().replace(/[-:]|\.000/g, '');
    }
    const date = stamp.slice(0, 8);
    const headers: Record<string, string> = {
      ...request.headers,
      host: request.host,
      'x-amz-content-sha256': request.payloadHash,
      'x-amz-date': stamp,
    };
    if (credentials.sessionToken !== undefined) headers['x-amz-security-token'] = credentials.sessionToken;
    const names = Object.keys(headers)
      .filter((name) => name === 'host' || name.startsWith('x-amz-'))
      .sort();
    const signedNames = names.join(';');
    const lines = names.map((name) => `${name}:${headers[name]!.trim()}\n`).join('');
    const canonical = `${request.method}\n${request.path}\n${request.query}\n${lines}\n${signedNames}\n${request.payloadHash}`;
    const scope = `${date}/${region}/${service}/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${stamp}\n${scope}\n${createHash('sha256').update(canonical).digest('hex')}`;
    const signature = hmac(signingKey(credentials.secretAccessKey, date, region), text).toString('hex');
    headers['authorization'] =
      `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signedNames}, Signature=${signature}`;
    return headers;
  };
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
