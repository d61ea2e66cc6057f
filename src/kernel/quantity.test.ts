import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration, parseSize } from './quantity.ts';

const isUsage = { name: 'HoldfastError', code: 'usage' };

test('sizes are in powers of 1024', () => {
  assert.equal(parseSize('0', '--x'), 0);
  assert.equal(parseSize('17b', '--x'), 17);
  assert.equal(parseSize('4K', '--x'), 4096);
  assert.equal(parseSize('2g', '--x'), 2 ** 31);
  for (const bad of ['', '-1', '1.5k', '10kb', '99999999t', 'k']) {
    assert.throws(() => parseSize(bad, '--x'), isUsage, bad);
  }
});

test("durations are Go's", () => {
  assert.equal(parseDuration('5m', '--x'), 300_000);
  assert.equal(parseDuration('1h30m', '--x'), 5_400_000);
  assert.equal(parseDuration('1.5s', '--x'), 1500);
  assert.equal(parseDuration('250ms', '--x'), 250);
  assert.equal(parseDuration('0', '--x'), 0);
  for (const bad of ['', '5', 'm', '5 m', '5x', '-5m'])
    assert.throws(() => parseDuration(bad, '--x'), isUsage, bad);
});
