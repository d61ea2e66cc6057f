import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { HoldfastError } from '../../kernel/errors.ts';
import { proxyFor } from './proxy.ts';

const origin = (environment: Record<string, string>, host = 's3.example.com', secure = true) =>
  proxyFor(environment, secure, host)?.origin;

describe('proxyFor', () => {
  it('reads the variable of the scheme, in capitals or not', () => {
    const both = { HTTPS_PROXY: 'http://tls:1', HTTP_PROXY: 'http://plain:2' };
    assert.equal(origin(both), 'http://tls:1');
    assert.equal(origin(both, 's3.example.com', false), 'http://plain:2');
    assert.equal(origin({ https_proxy: 'http://small:3' }), 'http://small:3');
    assert.equal(origin({ https_proxy: 'http://small:3', HTTPS_PROXY: 'http://large:4' }), 'http://large:4');
    assert.equal(origin({ HTTP_PROXY: 'http://plain:2' }), undefined);
    assert.equal(origin({ HTTPS_PROXY: '' }), undefined);
    assert.equal(origin({}), undefined);
  });

  it('takes a proxy without a scheme, and one with name and password', () => {
    assert.equal(origin({ HTTPS_PROXY: 'proxy:3128' }), 'http://proxy:3128');
    assert.equal(origin({ HTTPS_PROXY: 'https://proxy' }), 'https://proxy');
    const { origin: plain, name, token } = proxyFor({ HTTPS_PROXY: 'http://me:p%40ss@proxy:8' }, true, 's')!;
    assert.deepEqual([plain, name], ['http://proxy:8', 'proxy:8']);
    assert.equal(token, `Basic ${Buffer.from('me:p@ss').toString('base64')}`);
  });

  it('refuses what is no HTTP proxy, and does not repeat it', () => {
    for (const text of ['socks5://proxy:1', 'http://me:secret@:1', 'http://me:secret@a b']) {
      assert.throws(
        () => origin({ HTTPS_PROXY: text }),
        (error) =>
          error instanceof HoldfastError && error.code === 'usage' && !error.message.includes('secret'),
        text,
      );
    }
  });

  it('never asks one for this machine', () => {
    for (const host of ['localhost', 'localhost:9000', '127.0.0.1:9000', '127.3.2.1', '[::1]:9000']) {
      assert.equal(origin({ HTTPS_PROXY: 'http://p' }, host), undefined, host);
    }
  });

  // As golang.org/x/net/http/httpproxy judges them.
  const excepted: [list: string, host: string, yes: boolean][] = [
    ['*', 'any.where', true],
    ['example.com', 'example.com', true],
    ['example.com', 's3.EXAMPLE.com:9000', true],
    ['example.com', 'badexample.com', false],
    ['.example.com', 's3.example.com', true],
    ['.example.com', 'example.com', false],
    ['*.example.com', 's3.example.com', true],
    ['*.example.com', 'example.com', false],
    ['other.org, Example.com ,', 's3.example.com', true],
    ['example.com:9000', 's3.example.com:9000', true],
    ['example.com:9000', 's3.example.com', false],
    ['example.com:443', 's3.example.com', true],
    ['10.1.2.3', '10.1.2.3:9000', true],
    ['10.1.2.3', '10.1.2.4', false],
    ['10.1.0.0/16', '10.1.200.4:9000', true],
    ['10.1.0.0/16', '10.2.0.1', false],
    ['10.1.0.0/16', 'ten.example.com', false],
    ['10.1.0.0/99', '10.1.0.1', false],
    ['fd00::/8', '[fd00::12]:9000', true],
    ['fd00::/8', '10.0.0.1', false],
    ['fd00::12', '[fd00::12]:9000', true],
    ['2.3', '10.1.2.3', false],
    ['', 's3.example.com', false],
  ];
  for (const [list, host, yes] of excepted) {
    it(`NO_PROXY=${list}: ${host} is asked ${yes ? 'directly' : 'through it'}`, () => {
      const found = origin({ HTTPS_PROXY: 'http://p:1', NO_PROXY: list }, host);
      assert.equal(found, yes ? undefined : 'http://p:1');
    });
  }
});
