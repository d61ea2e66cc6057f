import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { systemClock } from '../../kernel/clock.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { createFakeClock } from '../../testing/fake-clock.ts';
import { assertCode } from '../../testing/storage-assertions.ts';
import { cachedCredentials, credentialSource, environmentCredentials } from './credentials.ts';
import type { Credentials } from './sign.ts';

describe('environmentCredentials', () => {
  it('takes Amazon’s variables, then MinIO’s', () => {
    const minio = { MINIO_ACCESS_KEY: 'm', MINIO_SECRET_KEY: 'n' };
    const aws = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
    assert.deepEqual(environmentCredentials(minio), { accessKeyId: 'm', secretAccessKey: 'n' });
    const found = environmentCredentials({ ...minio, ...aws, AWS_SESSION_TOKEN: 't' });
    assert.deepEqual(found, { accessKeyId: 'a', secretAccessKey: 'b', sessionToken: 't' });
    assert.equal(environmentCredentials({}), undefined);
  });

  it('names the half that is missing', () => {
    const complaint = (environment: Record<string, string>, words: RegExp): void =>
      assert.throws(
        () => environmentCredentials(environment),
        (error) =>
          error instanceof HoldfastError && error.code === 'bad-credentials' && words.test(error.message),
      );
    complaint({ AWS_ACCESS_KEY_ID: 'a' }, /AWS_SECRET_ACCESS_KEY is empty/);
    complaint({ AWS_SECRET_ACCESS_KEY: 'a', AWS_ACCESS_KEY_ID: '' }, /AWS_ACCESS_KEY_ID is empty/);
  });
});

describe('cachedCredentials', () => {
  function numbered(clock: ReturnType<typeof createFakeClock>): {
    provider: () => Promise<Credentials>;
    calls: () => number;
  } {
    let calls = 0;
    return {
      calls: () => calls,
      async provider() {
        calls++;
        return { accessKeyId: `key ${calls}`, secretAccessKey: 's', expires: clock.now() + 3_600_000 };
      },
    };
  }

  it('gets keys once, and again before they expire', async () => {
    const clock = createFakeClock();
    const { provider, calls } = numbered(clock);
    const source = cachedCredentials(provider, clock);
    await Promise.all([source.current(), source.current(), source.current()]);
    assert.equal(calls(), 1);
    clock.advance(3_500_000);
    assert.equal((await source.current())!.accessKeyId, 'key 2');
    assert.equal(source.expire(), true);
    assert.equal((await source.current())!.accessKeyId, 'key 3');
  });

  it('goes on with keys that still hold when there are no new ones', async () => {
    const clock = createFakeClock();
    const { provider } = numbered(clock);
    let broken = false;
    const source = cachedCredentials(() => (broken ? Promise.reject(new Error('away')) : provider()), clock);
    await source.current();
    broken = true;
    clock.advance(3_400_000);
    assert.equal((await source.current())!.accessKeyId, 'key 1');
    clock.advance(300_000);
    await assert.rejects(source.current(), /away/);
  });
});

describe('credentialSource with the AWS SDK’s providers', () => {
  const names = [
    'AWS_SHARED_CREDENTIALS_FILE',
    'AWS_CONFIG_FILE',
    'AWS_PROFILE',
    'AWS_EC2_METADATA_DISABLED',
    'AWS_CONTAINER_CREDENTIALS_FULL_URI',
    'AWS_ACCESS_KEY_ID',
    'AWS_SECRET_ACCESS_KEY',
  ];
  const kept = new Map(names.map((name) => [name, process.env[name]]));
  let directory: string;
  let server: Server | undefined;
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
    for (const name of names) delete process.env[name];
    process.env['AWS_EC2_METADATA_DISABLED'] = 'true';
    process.env['AWS_SHARED_CREDENTIALS_FILE'] = join(directory, 'credentials');
    process.env['AWS_CONFIG_FILE'] = join(directory, 'config');
  });
  after(async () => {
    for (const [name, value] of kept) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    server?.close();
    await rm(directory, { recursive: true });
  });

  it('reads profiles', async () => {
    await writeFile(
      join(directory, 'credentials'),
      '[default]\naws_access_key_id = d\naws_secret_access_key = e\n[other]\naws_access_key_id = o\naws_secret_access_key = p\n',
    );
    process.env['AWS_PROFILE'] = 'other';
    const found = await credentialSource({}, undefined, systemClock, { caFiles: [] }).current();
    assert.equal(found!.accessKeyId, 'o');
  });

  it('says what to set when there are none', async () => {
    process.env['AWS_PROFILE'] = 'absent';
    const error = await assertCode(
      credentialSource({}, undefined, systemClock, { caFiles: [] }).current(),
      'bad-credentials',
    );
    assert.match(error.message, /no access key for s3 was found/);
    assert.match(error.hint!, /AWS_ACCESS_KEY_ID.*unsafe-anonymous-auth/);
  });

  it('asks the container’s endpoint', async () => {
    server = createServer((_request, response) => {
      const Expiration = new Date(Date.now() + 3_600_000).toISOString();
      response.setHeader('content-type', 'application/json');
      response.end(
        JSON.stringify({ AccessKeyId: 'container', SecretAccessKey: 's', Token: 't', Expiration }),
      );
    });
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'] = `http://127.0.0.1:${port}/keys`;
    const found = await credentialSource({}, 'us-east-1', systemClock, { caFiles: [] }).current();
    delete process.env['AWS_CONTAINER_CREDENTIALS_FULL_URI'];
    assert.equal(found!.accessKeyId, 'container');
    assert.equal(found!.sessionToken, 't');
    assert.ok(found!.expires! > Date.now());
  });
});
