import assert from 'node:assert/strict';
import { test } from 'node:test';
import { civilDate, daysFromCivil } from './civil-date.ts';

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
