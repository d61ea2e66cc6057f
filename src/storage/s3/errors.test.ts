import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../kernel/errors.ts';
import { networkError } from '../http/network-error.ts';
import { otherRegion, refusalError, refusalOf, s3Ways } from './errors.ts';
import type { HttpResponse } from '../http/send.ts';

const place = {
  action: 'write data/x',
  bucket: 'b',
  server: 's3.example',
  region: 'us-east-1',
  now: Date.UTC(2026, 0, 1),
  ...s3Ways,
};

function answer(status: number, code: string, more = '', headers: Record<string, string> = {}): HttpResponse {
  const xml =
    code === ''
      ? ''
      : `<?xml version="1.0"?>\n<Error><Code>${code}</Code><Message>Words of the server.</Message>${more}</Error>`;
  return { status, headers, body: new Uint8Array(new TextEncoder().encode(xml)) };
}

const cases: [status: number, code: string, expected: ErrorCode, retryable: boolean, words: RegExp][] = [
  [403, 'InvalidAccessKeyId', 'bad-credentials', false, /does not know the access key/],
  [403, 'SignatureDoesNotMatch', 'bad-credentials', false, /secret key does not belong/],
  [400, 'ExpiredToken', 'bad-credentials', false, /expired/],
  [
    403,
    'AccessDenied',
    'forbidden',
    false,
    /does not permit to write data\/x in the bucket b: Words of the server/,
  ],
  [404, 'NoSuchBucket', 'no-bucket', false, /no bucket b on s3\.example/],
  [404, 'NoSuchKey', 'not-found', false, /does not exist/],
  [404, '', 'not-found', false, /does not exist/],
  [412, 'PreconditionFailed', 'exists', false, /already exists/],
  [409, 'ConditionalRequestConflict', 'unreachable', true, /at the moment/],
  [503, 'SlowDown', 'unreachable', true, /at the moment: Words of the server/],
  [500, 'InternalError', 'unreachable', true, /at the moment/],
  [502, '', 'unreachable', true, /status 502/],
  [429, '', 'unreachable', true, /status 429/],
  [400, 'RequestTimeout', 'unreachable', true, /at the moment/],
  [400, 'BadDigest', 'unreachable', true, /at the moment/],
  [400, 'XAmzContentSHA256Mismatch', 'unreachable', true, /at the moment/],
  [507, 'XMinioStorageFull', 'disk-full', false, /no space/],
  [403, 'QuotaExceeded', 'disk-full', false, /no space/],
  [403, 'InvalidObjectState', 'forbidden', false, /archive class/],
  [301, 'PermanentRedirect', 'wrong-region', false, /not in the region us-east-1/],
  [501, 'NotImplemented', 'failed', false, /refuses to write.*Words of the server/],
  [405, '', 'failed', false, /does not seem to be an S3 server/],
];

describe('refusalError', () => {
  for (const [status, code, expected, retryable, words] of cases) {
    it(`tells ${status} ${code}`, () => {
      const error = refusalError(refusalOf(answer(status, code)), place);
      assert.equal(error.code, expected);
      assert.equal(error.retryable, retryable);
      assert.match(error.message, words);
      assert.doesNotMatch(error.message, /\.$/);
    });
  }

  it('names the region to set', () => {
    const refusal = refusalOf(answer(400, 'AuthorizationHeaderMalformed', '<Region>eu-west-3</Region>'));
    assert.equal(otherRegion(refusal, 'us-east-1'), 'eu-west-3');
    assert.equal(otherRegion(refusal, 'eu-west-3'), undefined);
    assert.match(refusalError(refusal, place).hint!, /s3\.region=eu-west-3/);
    const header = refusalOf(answer(301, '', '', { 'x-amz-bucket-region': 'ap-south-1' }));
    assert.equal(otherRegion(header, 'us-east-1'), 'ap-south-1');
    const denied = refusalOf(answer(403, 'AccessDenied', '', { 'x-amz-bucket-region': 'ap-south-1' }));
    assert.equal(otherRegion(denied, 'us-east-1'), undefined);
  });

  it('tells by how much the clocks differ', () => {
    const time = '<ServerTime>2026-01-01T05:00:00Z</ServerTime>';
    const error = refusalError(refusalOf(answer(403, 'RequestTimeTooSkewed', time)), place);
    assert.equal(error.code, 'clock-skew');
    assert.match(error.message, /this machine's clock is 5 hours behind the clock of s3\.example/);
  });
});

describe('networkError', () => {
  const withCode = (code: string): Error => Object.assign(new Error('words'), { code });

  it('knows what may pass', () => {
    const cases: [code: string, retryable: boolean, words: RegExp][] = [
      ['ECONNREFUSED', true, /nothing listens there/],
      ['ENOTFOUND', false, /name is not known/],
      ['UND_ERR_HEADERS_TIMEOUT', true, /does not answer/],
      ['UND_ERR_SOCKET', true, /connection was cut/],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', false, /not trusted/],
      ['ERR_TLS_CERT_ALTNAME_INVALID', false, /not trusted/],
    ];
    for (const [code, retryable, words] of cases) {
      const error = networkError(withCode(code), place);
      assert.equal(error.code, 'unreachable');
      assert.equal(error.retryable, retryable, code);
      assert.match(error.message, words);
    }
  });

  it('looks into what wraps the cause', () => {
    const aggregate = new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]);
    assert.match(networkError(aggregate, place).message, /nothing listens/);
    assert.match(
      networkError(new Error('fetch failed', { cause: withCode('ECONNRESET') }), place).message,
      /cut/,
    );
  });
});
