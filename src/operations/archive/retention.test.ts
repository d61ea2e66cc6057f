import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Layout, Tier } from '../../vaults/archive/layout/layout.ts';
import { artefactName, parseArtefact, tierOf } from '../../vaults/archive/layout/layout.ts';
import { instantOf, wallText, wallTimeOf } from '../../vaults/archive/layout/wall-clock.ts';
import type { ArchivePolicy, RetentionSubject } from './retention.ts';
import { planRetention, sizeAcceptedTag } from './retention.ts';

const day = 86_400_000;
const rolling: ArchivePolicy = { kind: 'tiers', counts: { daily: 6, weekly: 4, monthly: 1 } };

function subject(time: number, options: Partial<RetentionSubject> & { size?: number; group?: string } = {}) {
  const { size = 1000, group = 'app', ...rest } = options;
  const artefacts = [{ group, extension: '.sql.gz', size }];
  return { name: new Date(time).toISOString(), time, tier: undefined, tags: [], artefacts, ...rest };
}

const names = (subjects: readonly RetentionSubject[]): string[] => subjects.map(({ name }) => name);

/** Days of three years with a backup every night at 02:30, which daylight saving leaves out and repeats. */
function* nights(zone: string): Generator<number> {
  const first = Date.UTC(2023, 5, 1);
  for (let at = first; at < first + 3 * 365.25 * day; at += day) {
    yield instantOf(new Date(at).toISOString().slice(0, 10), '02-30-00', zone)!;
  }
}

/** What an archive holds after each night, by names alone, as it is found on a disk. */
function simulate(
  layout: Layout,
  policy: ArchivePolicy,
  zone: string,
  check: (held: readonly RetentionSubject[], now: number, night: number) => void,
): void {
  let held: RetentionSubject[] = [];
  let night = 0;
  for (const now of nights(zone)) {
    const kept = policy.kind === 'tiers' ? policy.counts : { weekly: 1, monthly: 1 };
    for (const database of ['app', 'app_archive']) {
      const tier = tierOf(now, kept, zone);
      const spec = { host: 'host', database, time: now, zone, extension: '.sql.gz', tier };
      const name = artefactName(layout, spec);
      const { core, time, tier: found, extension } = parseArtefact(layout, name, zone)!;
      const artefacts = [{ group: core, extension, size: 1000 }];
      held.push({ name, time: time!, tier: found, tags: [], artefacts });
    }
    const plan = planRetention(held, policy, { now, zone, minSizeRatio: 0.5 });
    assert.deepEqual(plan.held, []);
    const gone = new Set(names(plan.remove));
    held = held.filter(({ name }) => !gone.has(name));
    const left = held.filter(({ artefacts }) => artefacts[0]!.group === 'host-app');
    assert.equal(left.length * 2, held.length, 'each database has its own');
    check(left, now, ++night);
  }
}

const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Pacific/Apia'];

test('daily: three years of nights, in every zone', () => {
  for (const zone of zones) {
    simulate('daily', { kind: 'newest', count: 31 }, zone, (left, now, night) => {
      assert.equal(left.length, Math.min(night, 31));
      const oldest = Math.min(...left.map(({ time }) => time));
      assert.ok(now - oldest <= 30 * day + 7_200_000, `${zone}: ${(now - oldest) / day} days`);
    });
  }
});

test('rolling: three years of nights, in every zone', () => {
  for (const zone of zones) {
    const ends = new Set<string>();
    simulate('rolling', rolling, zone, (left, now) => {
      const count = (tier: Tier): number => left.filter((subject) => subject.tier === tier).length;
      assert.ok(count('daily') <= 6 && count('weekly') <= 4 && count('monthly') <= 1);
      const wall = wallTimeOf(now, zone);
      const newest = left.toSorted((a, b) => b.time - a.time)[0]!;
      assert.equal(wallText(wallTimeOf(newest.time, zone)).date, wallText(wall).date);
      const next = wallTimeOf(now + day + 7_200_000, zone);
      const expected = next.month !== wall.month ? 'monthly' : wall.weekday === 0 ? 'weekly' : 'daily';
      assert.equal(newest.tier, expected, `${zone} ${newest.name}`);
      if (newest.tier === 'monthly') ends.add(`${wall.year}-${wall.month}-${wall.day}`);
    });
    assert.equal(ends.size, 36, zone);
    assert.ok(ends.has('2024-2-29') && ends.has('2025-2-28'), zone);
  }
});

test('dated: three years of nights, in every zone', () => {
  const rules: ArchivePolicy = { kind: 'rules', rules: { daily: 7, weekly: 5, monthly: 12 } };
  for (const zone of zones.slice(0, 3)) {
    simulate('dated', rules, zone, (left, now, night) => {
      assert.ok(left.length >= Math.min(night, 7) && left.length <= 24, `${left.length} after ${night}`);
      if (night < 400) return;
      const months = new Set(left.map(({ time }) => wallText(wallTimeOf(time, zone)).date.slice(0, 7)));
      assert.equal(months.size, 12, `${zone} ${new Date(now).toISOString()}`);
    });
  }
});

test('without weekly backups, that of a Sunday stays until there is a newer one', () => {
  const sunday = Date.UTC(2026, 10, 22, 2);
  const counts = { daily: 6, weekly: 0, monthly: 1 };
  const before = [1, 2, 3].map((days) => subject(sunday - days * day, { tier: 'daily' }));
  const made = subject(sunday, { tier: 'weekly' });
  const after = planRetention(
    [...before, made],
    { kind: 'tiers', counts },
    { now: sunday, minSizeRatio: 0.5 },
  );
  assert.deepEqual(after.remove, []);
  const monday = subject(sunday + day, { tier: 'daily' });
  const next = planRetention(
    [...before, made, monday],
    { kind: 'tiers', counts },
    {
      ...{ now: sunday + day, minSizeRatio: 0.5 },
    },
  );
  assert.deepEqual(names(next.remove), [made.name]);
});

test('the newest of each group stays, whatever the policy', () => {
  const now = Date.UTC(2026, 0, 10);
  const subjects = [
    ...[1, 2, 3].map((days) => subject(now - days * day)),
    ...[500, 600].map((days) => subject(now - days * day, { group: 'retired', name: `retired ${days}` })),
  ];
  for (const policy of [
    { kind: 'newest', count: 0 },
    { kind: 'tiers', counts: { daily: 0, weekly: 0, monthly: 0 } },
    { kind: 'rules', rules: { tags: [['kept']] } },
  ] satisfies ArchivePolicy[]) {
    const { keep, remove } = planRetention(subjects, policy, { now, minSizeRatio: 0.5 });
    assert.deepEqual(
      keep.map(({ subject }) => subject.name),
      [subjects[0]!.name, 'retired 500'],
    );
    assert.equal(remove.length, 3);
  }
});

test('a run goes when none of its artefacts is wanted any more', () => {
  const now = Date.UTC(2026, 0, 10);
  const both = ['dump', 'anon'].map((group) => ({ group, extension: '.gz', size: 1 }));
  const runs = [
    subject(now, { artefacts: both.slice(0, 1), name: 'c' }),
    subject(now - day, { artefacts: both, name: 'b' }),
    subject(now - 2 * day, { artefacts: both, name: 'a' }),
  ];
  const plan = planRetention(runs, { kind: 'newest', count: 1 }, { now, minSizeRatio: 0.5 });
  assert.deepEqual(names(plan.remove), ['a']);
});

test('a backup that is much smaller than its elders removes nothing, of its own group', () => {
  const now = Date.UTC(2026, 0, 10);
  const elders = [1, 2, 3, 4].map((days) => subject(now - days * day));
  const other = [1, 2].map((days) => subject(now - days * day, { group: 'other', name: `other ${days}` }));
  const policy: ArchivePolicy = { kind: 'newest', count: 1 };
  const plan = (size: number, minSizeRatio = 0.5) =>
    planRetention([subject(now, { size }), ...elders, ...other], policy, { now, minSizeRatio });
  const held = plan(499);
  assert.deepEqual(names(held.remove), ['other 2']);
  assert.match(held.held.join(), /499 bytes and is suspiciously small .* about 1000/);
  assert.equal(plan(500).remove.length, 5);
  assert.equal(plan(1, 0).remove.length, 5);
  assert.deepEqual(names(plan(0).remove), ['other 2']);
});

test('small ones never become what is usual: the last good ones outlast any number of them', () => {
  const rules: ArchivePolicy[] = [1, 2, 3].map((last) => ({ kind: 'rules', rules: { last } }));
  const first = Date.UTC(2026, 0, 1);
  for (const policy of [...rules, rolling, { kind: 'newest', count: 1 } as const]) {
    let held = [100_000, 100_100, 100_200].map((size, index) =>
      subject(first + index * day, { size, tier: 'daily' }),
    );
    const add = (index: number, size: number, minSizeRatio = 0.5) => {
      const now = first + index * day;
      held.push(subject(now, { size, tier: 'daily' }));
      const plan = planRetention(held, policy, { now, minSizeRatio });
      const gone = new Set(names(plan.remove));
      held = held.filter(({ name }) => !gone.has(name));
      return plan;
    };
    for (let index = 3; index < 40; index++) {
      const plan = add(index, 30 + index);
      assert.deepEqual(names(plan.remove), []);
      assert.match(plan.held.join(), /suspiciously small beside its elders with about 100/);
    }
    const again = add(40, 99_000);
    assert.deepEqual(again.held, []);
    assert.ok(
      held.some(({ time }) => time === first + 40 * day),
      'a good one is there',
    );
    assert.match(add(41, 50).held.join(), /suspiciously small/);
    assert.deepEqual(add(42, 50, 0).held, [], 'accepted');
  }
});

test('a size that was accepted once is what later ones are compared with', () => {
  const now = Date.UTC(2026, 0, 10);
  const elders = [3, 4, 5].map((days) => subject(now - days * day));
  const accepted = { ...subject(now - 2 * day, { size: 100 }), tags: [sizeAcceptedTag] };
  const policy: ArchivePolicy = { kind: 'newest', count: 2 };
  const plan = (size: number) =>
    planRetention([...elders, accepted, subject(now, { size })], policy, { now, minSizeRatio: 0.5 });
  assert.deepEqual(plan(90).held, []);
  assert.equal(plan(90).remove.length, 3);
  assert.match(plan(49).held.join(), /suspiciously small beside its elders with about 100/);
});

test('a size that was accepted stays so as long as larger elders do', () => {
  const first = Date.UTC(2026, 0, 1);
  const policy: ArchivePolicy = { kind: 'tiers', counts: { daily: 3, weekly: 0, monthly: 12 } };
  let held: RetentionSubject[] = [];
  let accepted: RetentionSubject | undefined;
  for (let night = 0; night < 800; night++) {
    const now = first + night * day;
    const tier = new Date(now).getUTCDate() === 1 ? 'monthly' : 'daily';
    const size = night < 70 ? 1000 : 100;
    const made = { ...subject(now, { size, tier }), tags: night === 70 ? [sizeAcceptedTag] : [] };
    if (night === 70) accepted = made;
    held.push(made);
    const plan = planRetention(held, policy, { now, minSizeRatio: 0.5 });
    assert.deepEqual(plan.held, [], `night ${night}`);
    const kept = plan.keep.find((one) => one.subject === accepted);
    if (night === 80) assert.deepEqual(kept?.reasons, ['its size was accepted, and larger elders are kept']);
    if (night === 799) assert.equal(kept, undefined, 'the elders are gone, and it with them');
    held = plan.keep.map((one) => one.subject);
  }
});

test('whatever comes in whatever order, the newest good one stays', () => {
  let state = 7;
  const random = (): number => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
  for (let round = 0; round < 200; round++) {
    const last = 1 + Math.floor(random() * 4);
    const shareOfSmall = random();
    let held: RetentionSubject[] = [];
    let newestGood = '';
    for (let index = 0; index < 40; index++) {
      const isGood = index < 3 || random() > shareOfSmall;
      const made = subject(index * day, { size: isGood ? 1000 + Math.floor(random() * 100) : 10 });
      if (isGood) newestGood = made.name;
      held.push(made);
      const options = { now: index * day, minSizeRatio: 0.5 };
      const plan = planRetention(held, { kind: 'rules', rules: { last } }, options);
      const gone = new Set(names(plan.remove));
      held = held.filter(({ name }) => !gone.has(name));
      assert.ok(names(held).includes(newestGood), `round ${round}, after ${index}`);
    }
  }
});

test('one that is encoded otherwise is not compared by its size', () => {
  const now = Date.UTC(2026, 0, 10);
  const small = subject(now, { artefacts: [{ group: 'app', extension: '.sql.zst', size: 1 }] });
  const plan = planRetention(
    [small, subject(now - day), subject(now - 2 * day)],
    { kind: 'newest', count: 2 },
    {
      ...{ now, minSizeRatio: 0.5 },
    },
  );
  assert.equal(plan.remove.length, 1);
});

test('nothing is removed when the clock looks wrong', () => {
  const now = Date.UTC(2026, 0, 10);
  const elders = [1, 2, 3].map((days) => subject(now - days * day));
  const policy: ArchivePolicy = { kind: 'newest', count: 1 };
  const removed = (subjects: readonly RetentionSubject[], at: number, by: ArchivePolicy = policy): number => {
    const plan = planRetention(subjects, by, { now: at, minSizeRatio: 0.5 });
    assert.equal(plan.held.length, plan.remove.length === 0 ? 1 : 0);
    return plan.remove.length;
  };
  assert.equal(removed(elders, now), 2);
  assert.equal(removed(elders, now - 3 * day), 0, 'put back');
  assert.equal(removed([...elders, subject(0)], 0), 0, 'reset');
  assert.equal(removed([...elders, subject(now + 2 * day)], now), 0, 'a backup of the future');
  assert.equal(removed([...elders, subject(now + 3_600_000)], now), 3, 'an hour that comes twice');
  const within: ArchivePolicy = {
    kind: 'rules',
    rules: { within: { years: 0, months: 0, days: 30, hours: 0 } },
  };
  const ahead = now + 1000 * day;
  assert.equal(removed([...elders, subject(ahead)], ahead, within), 0, 'years ahead');
});
