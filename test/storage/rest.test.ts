import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createHash } from 'node:crypto';
import type { StorageCredentials } from '../../src/storage/credentials.ts';
import { restLocation } from '../../src/storage/rest/location.ts';
import { openRestStorage } from '../../src/storage/rest/open.ts';
import type { Storage } from '../../src/storage/storage.ts';
import { assertCode, listAll, patternBytes } from '../../src/testing/storage-assertions.ts';
import { repositoryStorageContract } from '../../src/testing/storage-contract-restic.ts';
import { startRcloneRestic, startRestServer, type RestServer } from '../support/rest-server.ts';
import { skipWithout } from '../support/tools.ts';

interface Options {
  readonly environment?: Readonly<Record<string, string>>;
  readonly credentials?: StorageCredentials;
  readonly caFiles?: readonly string[];
}

/** Without retries, so that a test sees what the storage itself does. */
function open(url: string, { environment = {}, ...options }: Options = {}): Storage {
  return openRestStorage(restLocation(`rest:${url}`), { environment, settings: new Map(), ...options });
}

function packName(content: Uint8Array): string {
  const id = createHash('sha256').update(content).digest('hex');
  return `data/${id.slice(0, 2)}/${id}`;
}

const skip = skipWithout('rest-server', 'rclone', 'openssl');

describe('rest:', { skip }, () => {
  const served = async (
    server: RestServer,
    path = 'repo',
  ): Promise<{ storage: Storage; dispose(): Promise<void> }> => ({
    storage: open(`${server.url}${path}`, { caFiles: server.ca === undefined ? [] : [server.ca] }),
    dispose: () => server.stop(),
  });

  repositoryStorageContract('rest-server', async () => served(await startRestServer(), 'a/repo with space/'));
  repositoryStorageContract(
    'rest-server, append-only, over TLS',
    async () => served(await startRestServer({ appendOnly: true, tls: true })),
    { appendOnly: true },
  );
  repositoryStorageContract('rest-server on a unix socket', async () =>
    served(await startRestServer({ socket: true })),
  );
  repositoryStorageContract('rclone serve restic on a unix socket', async () =>
    served(await startRcloneRestic(), ''),
  );
  repositoryStorageContract(
    'rclone serve restic, append-only',
    async () => served(await startRcloneRestic({ appendOnly: true }), ''),
    { appendOnly: true },
  );

  describe('users and passwords', () => {
    let server: RestServer;
    before(async () => {
      server = await startRestServer({ users: { anna: 'p@ss:wörd/%' } });
    });
    after(() => server.stop());

    it('come from the location, a configuration, or the environment', async () => {
      const password = encodeURIComponent('p@ss:wörd/%');
      const ways: [string, Options][] = [
        [server.url.replace('//', `//anna:${password}@`), {}],
        [server.url, { credentials: { user: 'anna', password: 'p@ss:wörd/%' } }],
        [server.url.replace('//', '//anna@'), { credentials: { password: 'p@ss:wörd/%' } }],
        [server.url, { environment: { RESTIC_REST_USERNAME: 'anna', RESTIC_REST_PASSWORD: 'p@ss:wörd/%' } }],
        [
          server.url,
          {
            environment: {
              HOLDFAST_REST_USERNAME: 'anna',
              HOLDFAST_REST_PASSWORD: 'p@ss:wörd/%',
              RESTIC_REST_USERNAME: 'other',
              RESTIC_REST_PASSWORD: 'wrong',
            },
          },
        ],
      ];
      for (const [i, [url, options]] of ways.entries()) {
        const storage = open(`${url}way${i}`, options);
        await storage.prepare();
        await storage.write(packName(patternBytes(9)), patternBytes(9));
        assert.equal((await listAll(storage, 'data/')).length, 1);
        assert.doesNotMatch(storage.location, /wörd|%C3/);
        await storage.close();
      }
    });

    it('are missed and refused in one sentence, which holds no password', async () => {
      const none = open(`${server.url}x`);
      const missed = await assertCode(none.prepare(), 'bad-credentials');
      assert.match(missed.message, /wants a user and a password/);
      const wrong = open(server.url.replace('//', '//anna:topsecret@'));
      const refused = await assertCode(wrong.stat('config'), 'bad-credentials');
      assert.match(refused.message, /does not accept the user anna/);
      assert.doesNotMatch(`${refused.message} ${refused.hint} ${wrong.location}`, /topsecret/);
      assert.match(wrong.location, /^rest:http:\/\/anna:\*\*\*@127/);
      await none.close();
      await wrong.close();
    });
  });

  it('says that a certificate is not trusted, and that TLS is not spoken', async () => {
    const secure = await startRestServer({ tls: true });
    const plain = await startRestServer();
    const untrusted = open(secure.url);
    const error = await assertCode(untrusted.stat('config'), 'unreachable');
    assert.match(error.message, /certificate is not trusted/);
    assert.match(error.hint ?? '', /--cacert/);
    const mistaken = open(plain.url.replace('http:', 'https:'));
    const other = await assertCode(mistaken.stat('config'), 'unreachable');
    assert.match(`${other.message} ${other.hint}`, /TLS/);
    await Promise.all([untrusted.close(), mistaken.close()]);
    await Promise.all([secure.stop(), plain.stop()]);
  });

  it('tells of content that its name does not fit', async () => {
    const server = await startRestServer();
    const storage = open(`${server.url}repo`);
    await storage.prepare();
    const name = packName(patternBytes(10));
    await assertCode(storage.write(name, patternBytes(11)), 'failed');
    await assertCode(storage.stat(name), 'not-found');
    await storage.close();
    await server.stop();
  });

  it('replaces a damaged file, which its server would keep', async () => {
    const server = await startRestServer();
    const storage = open(`${server.url}repo`);
    await storage.prepare();
    const name = packName(patternBytes(10));
    await storage.write(name, patternBytes(10));
    writeFileSync(join(server.data, 'repo', name), patternBytes(10, 2));
    await storage.write(name, patternBytes(10));
    assert.deepEqual(await storage.read(name), patternBytes(10));
    await storage.close();
    await server.stop();
  });
});

describe('rest: on servers that are old, or break off', () => {
  async function behind(
    answer: Parameters<typeof createServer>[1],
    work: (storage: Storage) => Promise<void>,
  ): Promise<void> {
    const server = createServer({}, answer).listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const storage = open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/repo/`);
    try {
      await work(storage);
    } finally {
      await storage.close();
      server.closeAllConnections();
      server.close();
    }
  }

  it('asks for sizes where the listing has names alone', async () => {
    const ids = Array.from({ length: 12 }, (_, i) => i.toString(16).padStart(64, '0'));
    await behind(
      (request, response) => {
        if (request.method === 'GET') {
          response.setHeader('content-type', 'application/vnd.x.restic.rest.v1');
          response.end(JSON.stringify(request.url === '/repo/data/' ? ids : []));
        } else if (request.url!.endsWith(ids[3]!)) {
          response.writeHead(404).end();
        } else response.writeHead(200, { 'content-length': '77' }).end();
      },
      async (storage) => {
        const found = await listAll(storage, 'data/');
        assert.equal(found.length, ids.length - 1);
        assert.deepEqual(found[0], { name: `data/00/${ids[0]}`, size: 77 });
      },
    );
  });

  it('takes no cut answer for a whole one', async () => {
    await behind(
      (request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write(request.url!.endsWith('/') ? '[{"name":' : 'half', () => response.destroy());
      },
      async (storage) => {
        for (const work of [() => storage.read('config'), () => listAll(storage, 'keys/')]) {
          const error = await assertCode(work(), 'unreachable');
          assert.equal(error.retryable, true);
        }
      },
    );
    await behind(
      (_, response) => response.end('<html>welcome</html>'),
      async (storage) => {
        const error = await assertCode(listAll(storage, 'keys/'), 'corrupt');
        assert.match(error.message, /not a listing of keys\//);
      },
    );
  });

  it('says that there is no room, and what passes by itself', async () => {
    for (const [status, code, retryable] of [
      [507, 'disk-full', false],
      [503, 'unreachable', true],
      [400, 'failed', false],
      [403, 'forbidden', false],
    ] as const) {
      await behind(
        (request, response) => response.writeHead(request.method === 'HEAD' ? 404 : status).end(),
        async (storage) => {
          const error = await assertCode(storage.write(packName(patternBytes(3)), patternBytes(3)), code);
          assert.equal(error.retryable, retryable);
        },
      );
    }
  });
});
