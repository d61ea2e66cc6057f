import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime, formatTime } from '../vaults/repository/format/time.ts';
import {
  civilDate,
  daysFromCivil,
  formatKeepDuration,
  parseKeepDuration,
  subtractDuration,
} from './keep-duration.ts';

test('durations are parsed and written in one form', () => {
  assert.deepEqual(parseKeepDuration(' 1y5m7d2h '), { years: 1, months: 5, days: 7, hours: 2 });
  assert.deepEqual(parseKeepDuration('36h1h'), { years: 0, months: 0, days: 0, hours: 1 });
  assert.equal(formatKeepDuration(parseKeepDuration('7d1y')), '1y7d');
  assert.equal(formatKeepDuration(parseKeepDuration('')), '');
  for (const bad of ['5', 'd', '5w', '-3d', '1y 2m']) {
    assert.throws(() => parseKeepDuration(bad), { code: 'usage' }, bad);
  }
});

test('days and dates are each other’s inverse, also before 1970 and at the ends of months', () => {
  for (let day = -800_000; day < 200_000; day += 17) {
    const { year, month, day: dayOfMonth } = civilDate(day);
    assert.equal(daysFromCivil(year, month, dayOfMonth), day);
    const date = new Date(day * 86_400_000);
    assert.deepEqual(
      [year, month, dayOfMonth],
      [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()],
    );
  }
  assert.equal(daysFromCivil(2024, 2, 31), daysFromCivil(2024, 3, 2));
  assert.equal(daysFromCivil(2024, -1, 1), daysFromCivil(2023, 11, 1));
  assert.equal(daysFromCivil(2024, 3, 0), daysFromCivil(2024, 2, 29));
});

test('a duration is taken off the calendar first and off the clock then', () => {
  const back = (from: string, duration: string) =>
    formatTime(subtractDuration(parseTime(from), parseKeepDuration(duration)));
  assert.equal(back('2024-03-31T10:00:00.5+05:00', '1m'), '2024-03-02T10:00:00.5+05:00');
  assert.equal(back('2024-02-29T10:00:00+05:00', '1y'), '2023-03-01T10:00:00+05:00');
  assert.equal(back('2024-01-01T01:00:00-03:30', '3h'), '2023-12-31T22:00:00-03:30');
});
