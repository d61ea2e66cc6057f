import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodePath } from '../http/encode.ts';
import { createSigner, emptyHash, encodeQuery } from './sign.ts';

// The worked examples of "Authenticating Requests: Using the Authorization Header" in Amazon's S3 API reference.
const keys = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
};
const day = Date.UTC(2013, 4, 24);
const request = {
  method: 'GET',
  host: 'examplebucket.s3.amazonaws.com',
  path: '/',
  query: '',
  headers: {},
  payloadHash: emptyHash,
};
const signatureOf = (headers: Record<string, string>): string =>
  headers['authorization']!.replace(/.*Signature=/, '');

describe('createSigner', () => {
  it('signs as Amazon’s examples do', () => {
    const sign = createSigner();
    const lifecycle = sign({ ...request, query: encodeQuery([['lifecycle', '']]) }, keys, 'us-east-1', day);
    assert.equal(
      lifecycle['authorization'],
      'AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, ' +
        'SignedHeaders=host;x-amz-content-sha256;x-amz-date, ' +
        'Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543',
    );
    const query = encodeQuery([
      ['prefix', 'J'],
      ['max-keys', '2'],
    ]);
    const listing = sign({ ...request, query }, keys, 'us-east-1', day);
    assert.equal(signatureOf(listing), '34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7');
  });

  it('changes with date, region, secret and token, also when the key was kept', () => {
    const sign = createSigner();
    const all = [
      sign(request, keys, 'us-east-1', day),
      sign(request, keys, 'us-east-1', day + 1000),
      sign(request, keys, 'us-east-1', day + 86_400_000),
      sign(request, keys, 'eu-west-1', day),
      sign(request, { ...keys, secretAccessKey: 'other' }, 'us-east-1', day),
      sign(request, { ...keys, sessionToken: 'token' }, 'us-east-1', day),
    ].map(signatureOf);
    assert.equal(new Set(all).size, all.length);
    assert.equal(signatureOf(sign(request, keys, 'us-east-1', day)), all[0]);
  });

  it('sends the token, and signs it', () => {
    const headers = createSigner()(request, { ...keys, sessionToken: 'token' }, 'us-east-1', day);
    assert.equal(headers['x-amz-security-token'], 'token');
    assert.match(headers['authorization']!, /SignedHeaders=host;.*x-amz-security-token/);
  });
});

describe('encoding', () => {
  it('leaves only unreserved characters', () => {
    assert.equal(encodePath("/b/a b+c!'()*ü~-_."), '/b/a%20b%2Bc%21%27%28%29%2A%C3%BC~-_.');
    const query = encodeQuery([
      ['b', 'x/y'],
      ['a', '='],
    ]);
    assert.equal(query, 'a=%3D&b=x%2Fy');
  });
});
