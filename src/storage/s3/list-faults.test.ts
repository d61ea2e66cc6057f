/** A listing of five pages on a server that fails at one of them: only that page is asked for again. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { assertCode, listAll } from '../../testing/storage-assertions.ts';
import { openStorage } from '../open.ts';

const pages = 5;
const names = Array.from({ length: pages * 2 }, (_, at) => `data/${at}`);

/** The page that begins after a token; tokens are numbers of pages. */
function pageXml(token: string | null, version1: boolean): string {
  const page = Number(token ?? 0);
  const keys = names.slice(page * 2, page * 2 + 2);
  const contents = keys.map((name) => `<Contents><Key>p/${name}</Key><Size>1</Size></Contents>`).join('');
  const tag = version1 ? 'NextMarker' : 'NextContinuationToken';
  const next = page + 1 < pages ? `<${tag}>${page + 1}</${tag}>` : '';
  return `<ListBucketResult><IsTruncated>${next !== ''}</IsTruncated>${next}${contents}</ListBucketResult>`;
}

/** What happens to a page in place of its answer. */
type Fault = (response: ServerResponse, xml: string) => void;

const faults: Record<string, Fault> = {
  'asks to slow down': (response) => {
    response.writeHead(503).end('<Error><Code>SlowDown</Code><Message>m</Message></Error>');
  },
  'fails inside': (response) => {
    response.writeHead(500).end('<Error><Code>InternalError</Code><Message>m</Message></Error>');
  },
  'ends the connection': (response) => response.destroy(),
  'cuts its answer': (response, xml) => {
    response.writeHead(200, { 'content-length': String(xml.length) });
    response.write(xml.slice(0, 60), () => response.destroy());
  },
  'cuts an answer in chunks': (response, xml) => {
    response.write(xml.slice(0, 60), () => response.destroy());
  },
  'cuts an answer whose length it has not told': (response, xml) => {
    response.useChunkedEncodingByDefault = false;
    response.writeHead(200, { connection: 'close' });
    // after the last object, so that all that is missing is the end
    response.end(xml.slice(0, xml.indexOf('</ListBucketResult>')));
  },
};

async function listOn(t: TestContext, fault: Fault, times: number, version1 = false) {
  const asked: (string | null)[] = [];
  let left = times;
  const server = createServer((request, response) => {
    const token = new URL(request.url!, 'http://s').searchParams.get(
      version1 ? 'marker' : 'continuation-token',
    );
    asked.push(token);
    const xml = pageXml(token, version1);
    if (token === '2' && left-- > 0) fault(response, xml);
    else response.end(xml);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const clock = createFakeClock(Date.now());
  const told: string[] = [];
  const { port } = server.address() as AddressInfo;
  const storage = await openStorage(`s3:http://127.0.0.1:${port}/bucket/p`, {
    environment: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' },
    extended: new Map([['s3.list-objects-v1', String(version1)]]),
    clock,
    random: () => 0.5,
    onRetry: (message) => told.push(message),
  });
  t.after(() => storage.close());
  return { storage, asked, told, clock };
}

describe('a listing of which the third page fails', () => {
  for (const [what, fault] of Object.entries(faults)) {
    it(`goes on there when the server ${what}`, async (t) => {
      const { storage, asked, told, clock } = await listOn(t, fault, 3);
      assert.deepEqual(
        (await listAll(storage, 'data/')).map(({ name }) => name),
        names,
      );
      assert.deepEqual(asked, [null, '1', '2', '2', '2', '2', '3', '4']);
      assert.equal(told.length, 3);
      assert.deepEqual(clock.sleeps, [500, 1000, 2000]);
    });
  }

  it('goes on there by version 1 of the call, too', async (t) => {
    const { storage, asked } = await listOn(t, faults['asks to slow down']!, 1, true);
    assert.equal((await listAll(storage, 'data/')).length, names.length);
    assert.deepEqual(asked, [null, '1', '2', '2', '3', '4']);
  });

  it('is an error, and never a short list, when it fails for good', async (t) => {
    const { storage, asked } = await listOn(t, faults['fails inside']!, Infinity);
    const error = await assertCode(listAll(storage, 'data/'), 'unreachable');
    assert.match(error.message, /tried \d+ times/);
    assert.ok(asked.length > 10);
    assert.deepEqual(new Set(asked.slice(2)), new Set(['2']));
  });

  it('is not tried again when it is forbidden', async (t) => {
    const forbid: Fault = (response) => {
      response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>m</Message></Error>');
    };
    const { storage, asked } = await listOn(t, forbid, Infinity);
    await assertCode(listAll(storage, 'data/'), 'forbidden');
    assert.deepEqual(asked, [null, '1', '2']);
  });

  it('is an error when a page leads to itself', async (t) => {
    const loop: Fault = (response, xml) => response.end(xml.replace('Token>3<', 'Token>2<'));
    const { storage } = await listOn(t, loop, Infinity);
    const error = await assertCode(listAll(storage, 'data/'), 'corrupt');
    assert.match(error.message, /no end/);
  });
});
