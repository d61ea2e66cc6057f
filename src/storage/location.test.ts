import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../kernel/errors.ts';
import { parseLocation } from './location.ts';

const s3 = (endpoint: string | undefined, bucket: string, prefix: string, secure = true): object => ({
  kind: 's3',
  endpoint,
  secure,
  bucket,
  prefix,
});

describe('parseLocation', () => {
  it('takes restic’s forms', () => {
    const forms: Record<string, object> = {
      '/srv/backup': { kind: 'local', path: '/srv/backup' },
      'relative/path': { kind: 'local', path: 'relative/path' },
      'local:/with:colon': { kind: 'local', path: '/with:colon' },
      '/with:colon': { kind: 'local', path: '/with:colon' },
      's3:s3.amazonaws.com/bucket': s3('s3.amazonaws.com', 'bucket', ''),
      's3:eu-central-1/bucket/a/b': s3('eu-central-1', 'bucket', 'a/b'),
      's3:http://localhost:9000/bucket': s3('localhost:9000', 'bucket', '', false),
      's3:http://127.0.0.1:9000/bucket//a/./b/': s3('127.0.0.1:9000', 'bucket', 'a/b', false),
      's3:https://host/bucket/a%20b': s3('host', 'bucket', 'a b'),
      's3://host.example/bucket/prefix': s3('host.example', 'bucket', 'prefix'),
      's3://localhost:9000/bucket': s3('localhost:9000', 'bucket', ''),
      'memory:x': { kind: 'memory', name: 'x' },
    };
    for (const [text, expected] of Object.entries(forms))
      assert.deepEqual(parseLocation(text), expected, text);
  });

  it('takes s3://bucket/prefix', () => {
    assert.deepEqual(parseLocation('s3://bucket'), s3(undefined, 'bucket', ''));
    assert.deepEqual(parseLocation('s3://bucket/a/b'), s3(undefined, 'bucket', 'a/b'));
    assert.deepEqual(parseLocation('s3://dotted.bucket'), s3(undefined, 'dotted.bucket', ''));
  });

  it('leaves secrets in a URL out', () => {
    assert.ok(!JSON.stringify(parseLocation('s3:http://user:secret@host/bucket')).includes('secret'));
  });

  it('refuses what it does not know', () => {
    for (const text of [
      '',
      'local:',
      's3:',
      's3:host',
      's3:http://host',
      's3:http:///bucket',
      'sftp:host',
      'swift:c:/',
      's3:host/bucket/../x',
      's3:https://host/bucket/%zz',
    ]) {
      assert.throws(
        () => parseLocation(text),
        (error) => error instanceof HoldfastError && error.code === 'usage',
        text,
      );
    }
  });
});
