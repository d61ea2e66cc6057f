import assert from 'node:assert/strict';
import { registerHooks } from 'node:module';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { assertCode, patternBytes } from '../testing/storage-assertions.ts';

const loaded: string[] = [];
registerHooks({
  resolve(specifier, context, next) {
    loaded.push(specifier);
    return next(specifier, context);
  },
});
const { openStorage } = await import('./open.ts');

describe('openStorage', () => {
  it('loads what S3 needs only for S3, and the AWS SDK only when keys are looked for', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-open-'));
    const storage = await openStorage(directory);
    await storage.write('x', patternBytes(3));
    assert.equal((await stat(join(directory, 'x'))).size, 3);
    assert.ok(
      !loaded.some((name) => name.includes('undici') || name.includes('@aws-sdk') || name.includes('s3/')),
    );
    const s3 = await openStorage('s3:http://127.0.0.1:1/bucket', {
      environment: { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' },
    });
    assert.ok(loaded.includes('undici'));
    assert.ok(!loaded.some((name) => name.includes('@aws-sdk')));
    await s3.close();
    await rm(directory, { recursive: true });
  });

  it('gives the same storage in memory for the same name', async () => {
    await (await openStorage('memory:one')).write('x', patternBytes(3));
    assert.equal((await (await openStorage('memory:one')).stat('x')).size, 3);
    await assertCode((await openStorage('memory:two')).stat('x'), 'not-found');
  });

  it('refuses settings that it does not know or that make no sense', async () => {
    const open = (text: string, name: string, value: string): Promise<unknown> =>
      openStorage(text, { environment: {}, extended: new Map([[name, value]]) });
    await assertCode(open('s3:h/b', 's3.regoin', 'x'), 'usage');
    await assertCode(open('s3:h/b', 's3.connections', '0'), 'usage');
    await assertCode(open('s3:h/b', 's3.bucket-lookup', 'maybe'), 'usage');
    await assertCode(open('s3:h/b', 's3.list-objects-v1', 'maybe'), 'usage');
    await assertCode(open('s3:h/b', 's3.storage-class', 'GLACIER'), 'unsupported');
    await assertCode(open('/x', 'local.connections', 'many'), 'usage');
    await assertCode(open('/x', 'local.speed', '1'), 'usage');
  });

  it('names certificate files that cannot be used', async () => {
    const environment = {};
    const absent = await assertCode(
      openStorage('s3:h/b', { environment, caFiles: ['/absent.pem'] }),
      'usage',
    );
    assert.match(absent.message, /certificate authority file \/absent\.pem cannot be read/);
    const none = await assertCode(
      openStorage('s3:h/b', { environment, clientCertificateFile: import.meta.filename }),
      'usage',
    );
    assert.match(none.message, /not in PEM format/);
  });
});
