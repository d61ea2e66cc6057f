import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { assertCode, listAll, patternBytes } from '../../testing/storage-assertions.ts';
import { createBandwidth } from '../limit.ts';
import { parseLocation } from '../location.ts';
import type { S3Location } from '../location.ts';
import { openStorage } from '../open.ts';
import type { Storage } from '../storage.ts';
import { openS3Storage } from './open.ts';
import type { OpenS3Options } from './open.ts';

// A server that misbehaves as told: faults of the network and of proxies that no real S3 server shows on demand.
type Answer = (request: IncomingMessage, response: ServerResponse, body: Buffer) => void;

let server: Server;
let answer: Answer;
let seen: { method: string; url: string; headers: IncomingMessage['headers']; body: Buffer }[] = [];
const environment = { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' };

before(async () => {
  server = createServer(async (request, response) => {
    const body = Buffer.concat(await Array.fromAsync(request as AsyncIterable<Buffer>)).subarray();
    seen.push({ method: request.method!, url: request.url!, headers: request.headers, body });
    answer(request, response, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
after(() => {
  server.closeAllConnections();
  server.close();
});

const location = (): string => `s3:http://127.0.0.1:${(server.address() as AddressInfo).port}/bucket/p`;

async function withStorage(
  behave: Answer,
  work: (storage: Storage) => Promise<void>,
  options: Partial<OpenS3Options> = {},
): Promise<void> {
  answer = behave;
  seen = [];
  const text = location();
  const storage = openS3Storage(text, parseLocation(text) as S3Location, {
    environment,
    settings: new Map(),
    ...options,
  });
  await work(storage);
  await storage.close();
}

const refuse = (response: ServerResponse, status: number, code: string, more = ''): void => {
  response.writeHead(status, { 'content-type': 'application/xml' });
  response.end(`<Error><Code>${code}</Code><Message>m</Message>${more}</Error>`);
};

describe('s3 on a network that fails', () => {
  it('notices an answer that is cut', () =>
    withStorage(
      (_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(patternBytes(500));
        setImmediate(() => response.destroy());
      },
      async (storage) => {
        const error = await assertCode(storage.read('x'), 'unreachable');
        assert.equal(error.retryable, true);
      },
    ));

  it('notices a range that is shorter than asked for', () =>
    withStorage(
      (request, response) => {
        response.writeHead(request.method === 'HEAD' ? 200 : 206, { 'content-length': '10' });
        response.end(request.method === 'HEAD' ? undefined : patternBytes(10));
      },
      async (storage) => {
        await assertCode(storage.read('x', { offset: 0, length: 20 }), 'truncated');
      },
    ));

  it('takes its range out of an answer that ignores ranges', () =>
    withStorage(
      (_request, response) => response.end(patternBytes(1000)),
      async (storage) => {
        const part = await storage.read('x', { offset: 10, length: 20 });
        assert.deepEqual(part, patternBytes(1000).slice(10, 30));
        assert.equal(part.buffer.byteLength, 20);
      },
    ));

  it('gives up a server that stays silent', () =>
    withStorage(
      () => {},
      async (storage) => {
        const error = await assertCode(storage.read('x'), 'unreachable');
        assert.match(error.message, /does not answer/);
        assert.equal(error.retryable, true);
        server.closeAllConnections();
      },
      { stuckRequestTimeout: 300 },
    ));

  it('is interrupted at once, before the answer and in its midst', () =>
    withStorage(
      (request, response) => {
        if (request.url!.endsWith('silent')) return;
        response.writeHead(200, { 'content-length': '1000' });
        response.write(patternBytes(10));
      },
      async (storage) => {
        for (const name of ['silent', 'slow']) {
          const controller = new AbortController();
          const work = assertCode(storage.read(name, { signal: controller.signal }), 'interrupted');
          setTimeout(() => controller.abort(new Error('enough')), 50);
          await work;
        }
        server.closeAllConnections();
      },
    ));

  it('knows a server that speaks no S3', () =>
    withStorage(
      (_request, response) => {
        response.setHeader('content-type', 'text/html');
        response.end('<html>hello</html>');
      },
      async (storage) => {
        const error = await assertCode(listAll(storage, ''), 'corrupt');
        assert.match(error.hint!, /S3 server/);
      },
    ));

  it('follows the bucket to its region, and stays there', () =>
    withStorage(
      (request, response) => {
        if (request.headers.authorization!.includes('/eu-west-3/')) response.end(patternBytes(3));
        else refuse(response, 400, 'AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>');
      },
      async (storage) => {
        assert.equal((await storage.read('x')).length, 3);
        assert.equal((await storage.read('y')).length, 3);
        assert.equal(seen.length, 3);
      },
    ));

  it('gets new keys when the server says that they have expired', async () => {
    const clock = createFakeClock(Date.now());
    const { createS3Client } = await import('./client.ts');
    const { createEndpoint } = await import('./endpoint.ts');
    const { createDispatcher } = await import('../http/connect.ts');
    const { cachedCredentials } = await import('./credentials.ts');
    let number = 0;
    const credentials = cachedCredentials(
      async () => ({ accessKeyId: `key${++number}`, secretAccessKey: 's', expires: clock.now() + 3_600_000 }),
      clock,
    );
    answer = (request, response) => {
      if (request.headers.authorization!.includes('Credential=key1/')) refuse(response, 400, 'ExpiredToken');
      else response.end('ok');
    };
    const at = parseLocation(location()) as S3Location;
    const endpoint = createEndpoint(at, { lookup: 'auto', region: 'us-east-1', defaultUrl: undefined });
    const dispatcher = createDispatcher({
      secure: false,
      connections: 1,
      caFiles: [],
      systemAuthorities: false,
      timeout: 1000,
    });
    const client = createS3Client({
      bucket: 'bucket',
      endpoint,
      credentials,
      dispatcher,
      clock,
      limits: {},
      userAgent: 't',
    });
    const call = { method: 'GET', key: 'x', action: 'read x' } as const;
    const error = await assertCode(client.call(call), 'bad-credentials');
    assert.equal(error.retryable, true);
    assert.equal(Buffer.from((await client.call(call)).body).toString(), 'ok');
    await client.close();
  });

  it('does without conditions where the server has none', () =>
    withStorage(
      (request, response) => {
        if (request.method === 'HEAD') response.writeHead(404).end();
        else if (request.headers['if-none-match'] !== undefined) refuse(response, 501, 'NotImplemented');
        else response.end();
      },
      async (storage) => {
        assert.equal(storage.capabilities.conditionalCreate, false);
        await storage.write('x', patternBytes(5), { ifAbsent: true });
        assert.deepEqual(
          seen.map(({ method }) => method),
          ['HEAD', 'PUT', 'PUT'],
        );
      },
    ));

  it('sends checksums as headers, never as trailers', () =>
    withStorage(
      (_request, response) => response.end(),
      async (storage) => {
        await storage.write('x', [Buffer.from('1234'), Buffer.from('56789')]);
        const { headers, body } = seen[0]!;
        assert.equal(body.toString(), '123456789');
        assert.equal(headers['content-length'], '9');
        assert.equal(headers['x-amz-checksum-crc32'], 'y/Q5Jg==');
        assert.equal(
          headers['x-amz-content-sha256'],
          '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
        );
        assert.equal(headers['content-encoding'], undefined);
        assert.equal(headers['x-amz-trailer'], undefined);
        assert.equal(headers['transfer-encoding'], undefined);
      },
    ));

  it('takes back an upload of which a part fails', () =>
    withStorage(
      (request, response) => {
        const { method, url } = request;
        if (method === 'POST' && url!.includes('uploads')) {
          response.end(
            '<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>',
          );
        } else if (method === 'PUT' && url!.includes('partNumber=3')) refuse(response, 403, 'AccessDenied');
        else response.setHeader('etag', '"e"').end();
      },
      async (storage) => {
        await assertCode(storage.write('x', patternBytes(5000)), 'forbidden');
        assert.equal(seen.at(-1)!.method, 'DELETE');
        assert.match(seen.at(-1)!.url, /uploadId=u/);
        assert.ok(!seen.some(({ method, url }) => method === 'POST' && url.includes('uploadId')));
      },
      { multipartFrom: 1, partSize: 1000 },
    ));

  it('notices a completion that fails with status 200', () =>
    withStorage(
      (request, response) => {
        if (request.method !== 'POST') response.setHeader('etag', '"e"').end();
        else if (request.url!.includes('uploads')) response.end('<r><UploadId>u</UploadId></r>');
        else response.end('<Error><Code>InternalError</Code><Message>m</Message></Error>');
      },
      async (storage) => {
        const error = await assertCode(storage.write('x', patternBytes(5000)), 'unreachable');
        assert.equal(error.retryable, true);
      },
      { multipartFrom: 1, partSize: 1000 },
    ));

  it('tries again by itself when it was opened by its name', async () => {
    let left = 3;
    answer = (_request, response) => {
      if (left-- > 0) refuse(response, 503, 'SlowDown');
      else response.end(patternBytes(7));
    };
    const told: string[] = [];
    const clock = createFakeClock(Date.now());
    const options = { environment, clock, onRetry: (message: string) => told.push(message) };
    const storage = await openStorage(location(), options);
    assert.equal((await storage.read('x')).length, 7);
    assert.equal(told.length, 3);
    assert.match(told[0]!, /cannot read x in bucket at the moment/);
    await storage.close();
  });

  it('keeps to its bandwidth in both directions', async () => {
    const clock = createFakeClock(Date.now());
    const limits = { upload: createBandwidth(1e6, clock), download: createBandwidth(2e6, clock) };
    await withStorage(
      (request, response, body) => {
        response.end(request.method === 'GET' ? patternBytes(1_000_000) : `${body.length}`);
      },
      async (storage) => {
        let begun = clock.now();
        await storage.write('x', patternBytes(1_000_000));
        assert.ok(Math.abs(clock.now() - begun - 1000) <= 150, `${clock.now() - begun}`);
        assert.deepEqual(new Uint8Array(seen[0]!.body), patternBytes(1_000_000));
        begun = clock.now();
        assert.deepEqual(await storage.read('x'), patternBytes(1_000_000));
        assert.ok(Math.abs(clock.now() - begun - 500) <= 150, `${clock.now() - begun}`);
      },
      { limits },
    );
  });
});
