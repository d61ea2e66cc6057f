import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCount, parseLocalTime } from './values.ts';

const isUsage = { name: 'HoldfastError', code: 'usage' };

test('counts have a least value', () => {
  assert.equal(parseCount('12', '--x'), 12);
  assert.throws(() => parseCount('0', '--x', 1), isUsage);
  assert.throws(() => parseCount('1e3', '--x'), isUsage);
});

test('times are local', () => {
  assert.equal(parseLocalTime('2012-11-01 22:08:41', '--time'), new Date(2012, 10, 1, 22, 8, 41).getTime());
  for (const bad of [
    '2012-11-01',
    '2012-13-01 00:00:00',
    '2012-02-30 00:00:00',
    'now',
    '2012-11-01 24:00:00',
  ]) {
    assert.throws(() => parseLocalTime(bad, '--time'), isUsage, bad);
  }
});
