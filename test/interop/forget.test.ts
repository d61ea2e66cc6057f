/** Retention policies: Holdfast decides as the stock restic does, on random policies over random histories. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { hasCode } from '../../src/kernel/errors.ts';
import { parseKeepDuration } from '../../src/operations/keep-duration.ts';
import { type ForgetPlan, planForget } from '../../src/operations/forget.ts';
import type { ForgetPolicy } from '../../src/operations/forget-policy.ts';
import { parseGroupBy } from '../../src/operations/snapshot-groups.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { smallRepository, writeSnapshot } from '../../src/testing/small-repository.ts';
import { formatTime, localOffset } from '../../src/vaults/repository/format/time.ts';
import type { SnapshotFilter } from '../../src/vaults/repository/snapshot-filter.ts';
import { type BackupProgram, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

const histories = 12;
const policiesEach = 26;
/** a zone with daylight saving: calendar arithmetic in it is where implementations differ */
const zone = 'Europe/Berlin';
const seed = Number(process.env['HOLDFAST_TEST_SEED'] ?? 20240501);

test(`${histories * policiesEach} random policies`, { timeout: 300_000 }, async (t) => {
  if (!requireTool(t, 'restic')) return;
  const oldZone = process.env['TZ'];
  process.env['TZ'] = zone;
  t.after(() => {
    if (oldZone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = oldZone;
  });
  const random = seededRandom(seed);
  const outcomes = { kept: 0, removed: 0, refused: 0 };
  for (let history = 0; history < histories; history++) {
    const folder = join(tempFolder(t), 'repository');
    await using repository = await smallRepository(createLocalStorage(folder));
    await writeHistory(repository, random);
    const program = restic({ repository: folder, password: 'test', env: { TZ: zone } });
    const cases = Array.from({ length: policiesEach }, () => randomCase(random));
    for (let at = 0; at < cases.length; at += 2) {
      const pair = cases.slice(at, at + 2).map(async ({ policy, groupBy, filter, args }) => {
        const expected = await askRestic(program, args);
        const options = { policy, filter, groupBy: parseGroupBy(groupBy) };
        const plan = await planForget(repository, options, createContext()).catch((error: unknown) => {
          if (hasCode(error, 'failed')) return undefined;
          throw error;
        });
        const actual = plan && summarize(plan);
        assert.deepEqual(actual, expected, `history ${history} of seed ${seed}: forget ${args.join(' ')}`);
        if (!actual) outcomes.refused++;
        for (const group of actual ?? []) {
          outcomes.kept += group.keep.length;
          outcomes.removed += group.remove.length;
        }
      });
      await Promise.all(pair);
    }
  }
  t.diagnostic(`seed ${seed}: ${JSON.stringify(outcomes)}`);
  assert.ok(
    outcomes.kept > 1000 && outcomes.removed > 1000 && outcomes.refused > 0,
    JSON.stringify(outcomes),
  );
});

type Random = (below: number) => number;

/** xorshift, so that a failing run can be had again */
function seededRandom(from: number): Random {
  let state = from | 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random(items.length)]!;
}

/** Snapshots in bursts and gaps over some years, in several zones, some of them in the future. */
async function writeHistory(
  repository: Awaited<ReturnType<typeof smallRepository>>,
  random: Random,
): Promise<void> {
  const count = 20 + random(60);
  const gaps = [600, 3600, 86_400, 604_800, 2_600_000];
  let sec = 1_700_000_000 + random(30_000_000);
  for (let i = 0; i < count; i++) {
    sec -= 1 + random(2 * pick(random, gaps));
    const future = random(80) === 0 ? 3_000_000_000 : 0;
    const at = sec + future;
    const offset = pick(random, [localOffset(at), localOffset(at), 0, 330, -480]);
    const nsec = random(3) === 0 ? random(1_000_000_000) : 0;
    await writeSnapshot(repository, {
      tree: 'a'.repeat(64),
      time: formatTime({ sec: at, nsec, offset }),
      hostname: pick(random, ['alpha', 'beta']),
      paths: pick(random, [['/home'], ['/home', '/etc'], ['/etc', '/home']]),
      tags: pick(random, [[], [], ['keep'], ['b', 'a'], ['a', 'b'], ['a']]),
    });
  }
}

interface Case {
  readonly policy: ForgetPolicy;
  readonly groupBy: string;
  readonly filter: SnapshotFilter;
  readonly args: readonly string[];
}

const countFlags = ['last', 'hourly', 'daily', 'weekly', 'monthly', 'yearly'] as const;
const withinFlags = {
  within: 'within',
  'within-hourly': 'withinHourly',
  'within-daily': 'withinDaily',
  'within-weekly': 'withinWeekly',
  'within-monthly': 'withinMonthly',
  'within-yearly': 'withinYearly',
} as const;

function randomCase(random: Random): Case {
  const policy: { -readonly [key in keyof ForgetPolicy]: ForgetPolicy[key] } = {};
  const args: string[] = [];
  const rules = 1 + random(3);
  for (let i = 0; i < rules; i++) {
    const kind = random(8);
    if (kind < 4) {
      const flag = pick(random, countFlags);
      const count = pick(random, [1, 2, 3, 5, 8, 20, 1000, -1]);
      policy[flag] = count;
      args.push(`--keep-${flag}`, count === -1 ? 'unlimited' : String(count));
    } else if (kind < 7) {
      const flag = pick(random, Object.keys(withinFlags) as (keyof typeof withinFlags)[]);
      const text = pick(random, ['1h', '36h', '3d', '30d', '1m', '1m15d', '7m', '1y', '1y2m3d4h', '5y']);
      policy[withinFlags[flag]] = parseKeepDuration(text);
      args.push(`--keep-${flag}`, text);
    } else {
      const list = pick(random, [['keep'], ['a', 'b'], ['a'], ['']]);
      policy.tags = [...(policy.tags ?? []), list];
      args.push('--keep-tag', list.join(','));
    }
  }
  const groupBy = pick(random, [
    'host,paths',
    'host,paths',
    '',
    'host',
    'paths',
    'tags',
    'host,tags',
    'host,paths,tags',
  ]);
  args.push('--group-by', groupBy);
  const filter: { -readonly [key in keyof SnapshotFilter]: SnapshotFilter[key] } = {};
  if (random(5) === 0) {
    filter.hosts = ['alpha'];
    args.push('--host', 'alpha');
  }
  if (random(5) === 0) {
    filter.tags = [['a'], ['']];
    args.push('--tag', 'a', '--tag', '');
  }
  return { policy, groupBy, filter, args };
}

interface GroupSummary {
  readonly group: string;
  readonly keep: readonly (readonly [id: string, matches: readonly string[]])[];
  readonly remove: readonly string[];
}

interface ResticGroup {
  readonly host: string;
  readonly paths: string[] | null;
  readonly tags: string[] | null;
  readonly keep: { id: string }[] | null;
  readonly remove: { id: string }[] | null;
  readonly reasons: { snapshot: { id: string }; matches: string[] }[] | null;
}

/** What restic decides; undefined when it refuses to leave a group without snapshots. */
async function askRestic(
  program: BackupProgram,
  args: readonly string[],
): Promise<GroupSummary[] | undefined> {
  const all = ['forget', '--dry-run', '--no-lock', '--json', ...args];
  const { status, stdout, stderr } = await program.run(all, { expect: [0, 1] });
  if (status === 1) {
    assert.match(stderr + stdout, /refusing to delete last snapshot/);
    return undefined;
  }
  const groups = (stdout.trim() === '' ? [] : JSON.parse(stdout)) as ResticGroup[];
  return sortGroups(
    groups.map(({ host, paths, tags, keep, remove, reasons }) => {
      const kept = (reasons ?? []).map(({ snapshot, matches }) => [snapshot.id, matches] as const);
      assert.deepEqual(
        kept.map(([id]) => id),
        (keep ?? []).map(({ id }) => id),
      );
      return { group: groupName(host, paths, tags), keep: kept, remove: (remove ?? []).map(({ id }) => id) };
    }),
  );
}

function summarize(plan: ForgetPlan): GroupSummary[] {
  return sortGroups(
    plan.groups.map(({ key, keep, remove }) => ({
      group: groupName(key.hostname, key.paths, key.tags),
      keep: keep.map(({ entry, matches }) => [entry.id, matches] as const),
      remove: remove.map(({ id }) => id),
    })),
  );
}

function groupName(
  host: string,
  paths: readonly string[] | null | undefined,
  tags: readonly string[] | null | undefined,
): string {
  return JSON.stringify([host, paths ?? [], tags ?? []]);
}

function sortGroups(groups: GroupSummary[]): GroupSummary[] {
  return groups.sort((a, b) => (a.group < b.group ? -1 : 1));
}
