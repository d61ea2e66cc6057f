import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasCode } from '../../kernel/errors.ts';
import { describeArchivePolicy, policyForLayout } from './policy.ts';

test('without rules the layouts of backup-container keep what it keeps, and others everything', () => {
  const said = (['daily', 'rolling', 'flat', 'latest', 'dated'] as const).map((layout) =>
    describeArchivePolicy(policyForLayout(layout, {})),
  );
  assert.deepEqual(said, [
    'keep the newest 31 of each source',
    'keep 6 daily, 4 weekly and 1 monthly ones of each source',
    'keep everything',
    'keep everything',
    'keep everything',
  ]);
});

test('rules become counts where a layout has counts', () => {
  assert.deepEqual(policyForLayout('daily', { last: 3 }), { kind: 'newest', count: 3 });
  const mixed = { last: 3, monthly: 12 };
  assert.deepEqual(policyForLayout('daily', mixed), { kind: 'rules', rules: mixed });
  const rolling = policyForLayout('rolling', { daily: 3, weekly: -1 });
  assert.equal(describeArchivePolicy(rolling), 'keep 3 daily, all weekly and 0 monthly ones of each source');
  assert.deepEqual(policyForLayout('flat', { daily: 3, weekly: -1 }), rolling);
  assert.deepEqual(policyForLayout('flat', { last: 3 }), { kind: 'newest', count: 3 });
  assert.deepEqual(policyForLayout('flat', mixed), { kind: 'rules', rules: mixed });
  assert.throws(
    () => policyForLayout('rolling', { last: 3 }),
    (error) => hasCode(error, 'usage'),
  );
  assert.throws(
    () => policyForLayout('dated', { daily: -2 }),
    (error) => hasCode(error, 'usage'),
  );
});
