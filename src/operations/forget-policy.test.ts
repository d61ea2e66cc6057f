import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTime } from '../vaults/repository/format/time.ts';
import {
  applyPolicy,
  describePolicy,
  isEmptyPolicy,
  parseKeepCount,
  validatePolicy,
  type ForgetPolicy,
} from './forget-policy.ts';
import { parseKeepDuration } from './keep-duration.ts';

const now = Date.parse('2024-06-01T00:00:00Z');

function history(...times: string[]) {
  return times.map((text) => ({ name: text, time: parseTime(text), tags: [] as string[] }));
}

function kept(times: string[], policy: ForgetPolicy): Record<string, readonly string[]> {
  const { keep } = applyPolicy(history(...times), policy, now);
  return Object.fromEntries(keep.map(({ snapshot, matches }) => [snapshot.name, matches]));
}

test('one snapshot a day is kept, the newest of each, and the oldest while counts are left', () => {
  const times = [
    '2024-05-03T08:00:00Z',
    '2024-05-03T20:00:00Z',
    '2024-05-02T09:00:00Z',
    '2024-05-02T03:00:00Z',
  ];
  assert.deepEqual(kept(times, { daily: 2 }), {
    '2024-05-03T20:00:00Z': ['daily snapshot'],
    '2024-05-02T09:00:00Z': ['daily snapshot'],
  });
  assert.deepEqual(kept(times, { daily: 3 }), {
    '2024-05-03T20:00:00Z': ['daily snapshot'],
    '2024-05-02T09:00:00Z': ['daily snapshot'],
    '2024-05-02T03:00:00Z': ['oldest daily snapshot'],
  });
});

test('days are cut in the zone of each snapshot, not of this machine', () => {
  assert.deepEqual(
    Object.keys(
      kept(['2024-05-03T23:30:00-04:00', '2024-05-04T02:00:00Z', '2024-05-01T00:00:00Z'], { daily: 1 }),
    ),
    ['2024-05-03T23:30:00-04:00'],
  );
  const sameInstantDay = kept(['2024-05-04T01:30:00+02:00', '2024-05-03T23:00:00Z', '2024-05-01T00:00:00Z'], {
    daily: 2,
  });
  assert.deepEqual(Object.keys(sameInstantDay), ['2024-05-04T01:30:00+02:00', '2024-05-03T23:00:00Z']);
});

test('weeks are ISO weeks, also over the turn of the year', () => {
  const times = [
    '2021-01-03T12:00:00Z',
    '2020-12-28T12:00:00Z',
    '2020-12-27T12:00:00Z',
    '2020-01-01T00:00:00Z',
  ];
  assert.deepEqual(Object.keys(kept(times, { weekly: 2 })), ['2021-01-03T12:00:00Z', '2020-12-27T12:00:00Z']);
});

test('durations count back from the newest snapshot that is not in the future', () => {
  const times = [
    '2030-01-01T00:00:00Z',
    '2024-05-31T00:00:00Z',
    '2024-05-30T00:00:00Z',
    '2024-05-20T00:00:00Z',
  ];
  assert.deepEqual(kept(times, { within: parseKeepDuration('2d') }), {
    '2030-01-01T00:00:00Z': ['within 2d'],
    '2024-05-31T00:00:00Z': ['within 2d'],
    '2024-05-30T00:00:00Z': ['within 2d'],
  });
  assert.deepEqual(kept(times, { withinMonthly: parseKeepDuration('1m') }), {
    '2030-01-01T00:00:00Z': ['monthly within 1m'],
    '2024-05-31T00:00:00Z': ['monthly within 1m'],
    '2024-05-20T00:00:00Z': ['oldest monthly within 1m'],
  });
});

test('tags are kept without counting, and all is kept by -1', () => {
  const list = history('2024-05-03T00:00:00Z', '2024-05-02T00:00:00Z', '2024-05-01T00:00:00Z');
  list[2]!.tags = ['a', 'b'];
  const { keep, remove } = applyPolicy(list, { last: 1, tags: [['a', 'b'], ['c']] }, now);
  assert.deepEqual(
    keep.map(({ matches }) => matches),
    [['last snapshot'], ['has tags [a, b]']],
  );
  assert.equal(remove.length, 1);
  assert.equal(applyPolicy(list, { last: -1 }, now).remove.length, 0);
  assert.deepEqual(applyPolicy([], { last: 1 }, now), { keep: [], remove: [] });
});

test('a policy is described in restic’s words, and nonsense is refused', () => {
  const policy = {
    last: 3,
    daily: -1,
    withinHourly: parseKeepDuration('2d'),
    tags: [['x']],
    within: parseKeepDuration('1y'),
  };
  assert.equal(
    describePolicy(policy),
    'keep 3 latest, all daily snapshots, hourly snapshots within 2d and all snapshots with tags [[x]] and all snapshots within 1y of the newest',
  );
  assert.equal(describePolicy({}), 'remove');
  assert.ok(isEmptyPolicy({ last: 0, within: parseKeepDuration('0d'), tags: [] }));
  assert.ok(!isEmptyPolicy({ yearly: -1 }));
  assert.throws(() => validatePolicy({ weekly: -2 }), { code: 'usage' });
  assert.equal(parseKeepCount('unlimited'), -1);
  assert.throws(() => parseKeepCount('-1'), /use 'unlimited'/);
  assert.throws(() => parseKeepCount('x'), { code: 'usage' });
});
