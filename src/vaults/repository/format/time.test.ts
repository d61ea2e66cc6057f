import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { hasCode } from '../../../kernel/errors.ts';
import type { Time } from './node.ts';
import { formatTime, localOffset, parseTime, timeFromMs, timeToMs, zeroTime } from './time.ts';

test('times are written as Go writes them', () => {
  const cases: readonly (readonly [Time, string])[] = [
    [{ sec: 0, nsec: 0, offset: 0 }, '1970-01-01T00:00:00Z'],
    [{ sec: 1447189909, nsec: 445482227, offset: 60 }, '2015-11-10T22:11:49.445482227+01:00'],
    [{ sec: -1, nsec: 500_000_000, offset: -210 }, '1969-12-31T20:29:59.5-03:30'],
    [{ sec: 951782400, nsec: 1, offset: 0 }, '2000-02-29T00:00:00.000000001Z'],
    [{ sec: 4102444800, nsec: 120, offset: 825 }, '2100-01-01T13:45:00.00000012+13:45'],
    [zeroTime, '0001-01-01T00:00:00Z'],
    // years that RFC 3339 cannot hold keep month, day and time of day
    [{ sec: 253402300800, nsec: 0, offset: 0 }, '9999-01-01T00:00:00Z'],
    [{ sec: 2 ** 40, nsec: 7, offset: 0 }, '9999-02-20T00:36:16.000000007Z'],
    [{ sec: -62198755200, nsec: 0, offset: 0 }, '0000-01-01T00:00:00Z'],
  ];
  for (const [time, text] of cases) assert.equal(formatTime(time), text);
});

test('any instant with any offset comes back, and is the instant that Date reads', () => {
  const instants = fc.record(
    {
      // years 1 to 9998, so that no offset leaves what the text can hold
      sec: fc.integer({ min: -62135510400, max: 253370678400 }),
      nsec: fc.integer({ min: 0, max: 999_999_999 }),
      offset: fc.integer({ min: -1439, max: 1439 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(instants, (time) => {
      const text = formatTime(time);
      assert.deepEqual(parseTime(text), time);
      assert.equal(new Date(text).getTime(), time.sec * 1000 + Math.floor(time.nsec / 1e6), text);
    }),
    { numRuns: 2000 },
  );
});

test('any second at all is written as a time that can be read', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: -840, max: 840 }), (sec, offset) => {
      const text = formatTime({ sec, nsec: 0, offset });
      assert.equal(formatTime(parseTime(text)), text);
    }),
  );
});

test('what is no RFC 3339 time is refused', () => {
  const bad = [
    '',
    'now',
    '2020-01-01',
    '2020-01-01T00:00:00',
    '2020-13-01T00:00:00Z',
    '2020-02-30T00:00:00Z',
    '2021-02-29T00:00:00Z',
    '2020-01-00T00:00:00Z',
    '2020-01-01T24:00:00Z',
    '2020-01-01T00:60:00Z',
    '2020-01-01T00:00:60Z',
    '2020-01-01T00:00:00.Z',
    '2020-01-01T00:00:00,5Z',
    '2020-01-01T00:00:00z',
    '2020-01-01 00:00:00Z',
    '2020-01-01T00:00:00+1:00',
    '2020-01-01T00:00:00+24:00',
    '2020-01-01T00:00:00+01:60',
    '2020-01-01T00:00:00Z ',
    '2020-01-01T00:00:00+01:00x',
  ];
  for (const text of bad)
    assert.throws(
      () => parseTime(text),
      (error) => hasCode(error, 'corrupt'),
      text,
    );
});

test('digits beyond nanoseconds are dropped', () => {
  assert.equal(
    formatTime(parseTime('2020-01-01T00:00:00.1234567899+00:00')),
    '2020-01-01T00:00:00.123456789Z',
  );
});

test('milliseconds to an instant and back', () => {
  assert.deepEqual(timeFromMs(-1, 0), { sec: -1, nsec: 999_000_000, offset: 0 });
  assert.equal(timeToMs(timeFromMs(1_700_000_000_123, 60)), 1_700_000_000_123);
});

test('the local offset is that of the zone at that instant', () => {
  for (let sec = -2_000_000_000; sec < 4_000_000_000; sec += 7_654_321) {
    assert.equal(localOffset(sec), -new Date(sec * 1000).getTimezoneOffset() || 0, String(sec));
  }
});
