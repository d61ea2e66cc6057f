import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime, formatTime } from '../vaults/repository/format/time.ts';
import { formatKeepDuration, parseKeepDuration, subtractDuration } from './keep-duration.ts';

test('durations are parsed and written in one form', () => {
  assert.deepEqual(parseKeepDuration(' 1y5m7d2h '), { years: 1, months: 5, days: 7, hours: 2 });
  assert.deepEqual(parseKeepDuration('36h1h'), { years: 0, months: 0, days: 0, hours: 1 });
  assert.equal(formatKeepDuration(parseKeepDuration('7d1y')), '1y7d');
  assert.equal(formatKeepDuration(parseKeepDuration('')), '');
  for (const bad of ['5', 'd', '5w', '-3d', '1y 2m']) {
    assert.throws(() => parseKeepDuration(bad), { code: 'usage' }, bad);
  }
});

test('a duration is taken off the calendar first and off the clock then', () => {
  const back = (from: string, duration: string) =>
    formatTime(subtractDuration(parseTime(from), parseKeepDuration(duration)));
  assert.equal(back('2024-03-31T10:00:00.5+05:00', '1m'), '2024-03-02T10:00:00.5+05:00');
  assert.equal(back('2024-02-29T10:00:00+05:00', '1y'), '2023-03-01T10:00:00+05:00');
  assert.equal(back('2024-01-01T01:00:00-03:30', '3h'), '2023-12-31T22:00:00-03:30');
});
