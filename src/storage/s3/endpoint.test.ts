import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseLocation } from '../location.ts';
import type { S3Location } from '../location.ts';
import { createEndpoint, regionOfHost } from './endpoint.ts';
import type { BucketLookup, Endpoint } from './endpoint.ts';

function endpoint(
  text: string,
  settings: { lookup?: BucketLookup; region?: string; defaultUrl?: string } = {},
): Endpoint {
  const { lookup = 'auto', region, defaultUrl } = settings;
  return createEndpoint(parseLocation(text) as S3Location, { lookup, region, defaultUrl });
}

const url = (made: Endpoint, key = 'k', region = made.region ?? 'us-east-1'): string => {
  const { origin, path } = made.address(key, region);
  return origin + path;
};

describe('createEndpoint', () => {
  it('addresses Amazon’s buckets by host, in their region', () => {
    assert.equal(
      url(endpoint('s3:s3.amazonaws.com/bucket/p')),
      'https://bucket.s3.us-east-1.amazonaws.com/p/k',
    );
    assert.equal(
      url(endpoint('s3://bucket/p'), 'k', 'eu-west-1'),
      'https://bucket.s3.eu-west-1.amazonaws.com/p/k',
    );
    assert.equal(url(endpoint('s3:eu-central-1/bucket')), 'https://bucket.s3.eu-central-1.amazonaws.com/k');
    assert.equal(
      url(endpoint('s3://bucket'), 'k', 'cn-north-1'),
      'https://bucket.s3.cn-north-1.amazonaws.com.cn/k',
    );
    assert.equal(
      url(endpoint('s3:s3.dualstack.eu-west-1.amazonaws.com/bucket')),
      'https://bucket.s3.dualstack.eu-west-1.amazonaws.com/k',
    );
  });

  it('addresses names that no certificate fits by path, and other servers always', () => {
    assert.equal(
      url(endpoint('s3:s3.amazonaws.com/dotted.bucket')),
      'https://s3.us-east-1.amazonaws.com/dotted.bucket/k',
    );
    assert.equal(url(endpoint('s3:http://minio:9000/bucket/a b')), 'http://minio:9000/bucket/a%20b/k');
    assert.equal(url(endpoint('s3:http://minio:9000/bucket/a'), ''), 'http://minio:9000/bucket');
  });

  it('does as it is told', () => {
    assert.equal(
      url(endpoint('s3:http://minio:9000/bucket', { lookup: 'dns' })),
      'http://bucket.minio:9000/k',
    );
    assert.equal(
      url(endpoint('s3:http://minio:9000/bucket', { lookup: 'dns' }), ''),
      'http://bucket.minio:9000/',
    );
    assert.equal(
      url(endpoint('s3:s3.amazonaws.com/bucket', { lookup: 'path' })),
      'https://s3.us-east-1.amazonaws.com/bucket/k',
    );
    assert.equal(
      url(endpoint('s3://bucket/p', { defaultUrl: 'http://localhost:9000' })),
      'http://localhost:9000/bucket/p/k',
    );
  });

  it('leaves out default ports, as the Host header does', () => {
    assert.equal(endpoint('s3:https://host:443/bucket').address('k', 'r').host, 'host');
    assert.equal(endpoint('s3:http://host:80/bucket').address('k', 'r').host, 'host');
    assert.equal(endpoint('s3:http://host:443/bucket').address('k', 'r').host, 'host:443');
  });
});

describe('regionOfHost', () => {
  it('finds regions in the names of known providers', () => {
    const hosts: Record<string, string | undefined> = {
      's3.eu-west-1.amazonaws.com': 'eu-west-1',
      's3-us-west-2.amazonaws.com': 'us-west-2',
      's3.dualstack.ap-south-1.amazonaws.com': 'ap-south-1',
      's3.cn-north-1.amazonaws.com.cn': 'cn-north-1',
      's3.us-west-000.backblazeb2.com': 'us-west-000',
      's3.eu-central-1.wasabisys.com': 'eu-central-1',
      'fra1.digitaloceanspaces.com': 'fra1',
      'abc.r2.cloudflarestorage.com': 'auto',
      's3.amazonaws.com': undefined,
      'minio.example.com:9000': undefined,
    };
    for (const [host, region] of Object.entries(hosts)) assert.equal(regionOfHost(host), region, host);
  });
});
