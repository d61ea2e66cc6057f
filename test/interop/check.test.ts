/** Our check judges repositories, sound and damaged in every way, as the stock restic's check does. */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createHash, randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { toHex } from '../../src/kernel/hex.ts';
import { check } from '../../src/operations/check/check.ts';
import type { ReadDataSubset } from '../../src/operations/check/subset.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import { cheapenKey } from '../support/cheap-key.ts';
import { fixturePassword, repositoryFixtures, unpackFixture } from '../support/fixtures.ts';
import { jsonLines } from '../support/program.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';

interface Verdict {
  readonly failed: boolean;
  readonly errors: number;
  readonly brokenPacks: readonly string[];
  readonly repairIndex: boolean;
  readonly prune: boolean;
}

async function resticSays(repository: string, password: string, args: readonly string[]): Promise<Verdict> {
  const program = restic({ repository, password });
  const { status, stdout } = await program.run(['check', '--json', '--no-lock', ...args], { expect: [0, 1] });
  const summary = jsonLines(stdout).find((line) => line['message_type'] === 'summary')!;
  return {
    failed: status !== 0,
    errors: summary['num_errors'] as number,
    brokenPacks: ((summary['broken_packs'] as string[] | null) ?? []).toSorted(),
    repairIndex: summary['suggest_repair_index'] as boolean,
    prune: summary['suggest_prune'] as boolean,
  };
}

async function weSay(
  repository: string,
  password: string,
  readData: ReadDataSubset | undefined,
): Promise<Verdict & { said: string[] }> {
  await using opened = await openRepository(createLocalStorage(repository), Buffer.from(password));
  const said: string[] = [];
  const result = await check(
    opened,
    { readData, report: (message) => message.kind !== 'progress' && said.push(message.text) },
    createContext(),
  );
  return {
    failed: !result.sound,
    errors: result.errors,
    brokenPacks: result.brokenPacks.toSorted(),
    repairIndex: result.suggestRepairIndex,
    prune: result.suggestPrune,
    said,
  };
}

async function compare(repository: string, password: string): Promise<void> {
  const structure = await weSay(repository, password, undefined);
  const data = await weSay(repository, password, { kind: 'all' });
  for (const [ours, args] of [
    [structure, []],
    [data, ['--read-data']],
  ] as const) {
    const { said, ...verdict } = ours;
    const expected = await resticSays(repository, password, args);
    assert.deepEqual(verdict, expected, `check ${args.join(' ')} said:\n${said.join('\n')}`);
  }
}

for (const name of repositoryFixtures) {
  test(`the fixture ${name}`, async (t) => {
    if (!requireTool(t, 'restic')) return;
    await compare(await unpackFixture(t, name), fixturePassword);
  });
}

const password = 'test';

/** A repository of restic's with two snapshots, and its packs. */
async function makeRepository(t: TestContext): Promise<string> {
  const folder = tempFolder(t);
  const source = join(folder, 'source');
  for (let i = 0; i < 5; i++) {
    mkdirSync(join(source, `folder-${i}`), { recursive: true });
    writeFileSync(join(source, `folder-${i}`, 'text'), `text ${i}\n`.repeat(1000));
    writeFileSync(join(source, `folder-${i}`, 'random'), randomBytes(20_000));
  }
  const access = { repository: join(folder, 'repository'), password };
  const program = restic(access);
  await program.run(['init']);
  await cheapenKey(access);
  await program.run(['backup', '.'], { cwd: source });
  writeFileSync(join(source, 'folder-3', 'more'), randomBytes(50_000));
  await program.run(['backup', '.'], { cwd: source });
  return join(folder, 'repository');
}

interface Pack {
  readonly path: string;
  readonly trees: boolean;
}

async function packsOf(repository: string): Promise<Pack[]> {
  await using opened = await openRepository(createLocalStorage(repository), Buffer.from(password));
  const index = await opened.loadIndex();
  const packs = new Map<string, boolean>();
  for (const entry of index.entries()) {
    packs.set(toHex(index.packId(index.packOf(entry))), index.typeOf(entry) === 'tree');
  }
  return [...packs].map(([id, trees]) => ({ path: join(repository, 'data', id.slice(0, 2), id), trees }));
}

function filesIn(repository: string, folder: string): string[] {
  return readdirSync(join(repository, folder)).map((name) => join(repository, folder, name));
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at < 0 ? bytes.length + at : at]! ^= 1;
  rmSync(path);
  writeFileSync(path, bytes);
}

type Damage = (repository: string, packs: readonly Pack[]) => void;

const firstData = (packs: readonly Pack[]) => packs.find(({ trees }) => !trees)!.path;
const damages: Record<string, Damage> = {
  none: () => {},
  'a data pack is missing': (_, packs) => rmSync(firstData(packs)),
  'all tree packs are missing': (_, packs) =>
    packs.filter(({ trees }) => trees).forEach(({ path }) => rmSync(path)),
  'a data pack is cut off': (_, packs) => truncateSync(firstData(packs), 30_000),
  'a pack has bytes behind its end': (_, packs) => appendFileSync(firstData(packs), 'more'),
  'a bit of a blob is turned': (_, packs) => flip(firstData(packs), 40),
  'a bit of a header is turned': (_, packs) => flip(firstData(packs), -20),
  'the length of a header is turned': (_, packs) => flip(firstData(packs), -3),
  'a bit of each tree pack is turned': (_, packs) =>
    packs.filter(({ trees }) => trees).forEach(({ path }) => flip(path, 30)),
  'an index is missing': (repository) => rmSync(filesIn(repository, 'index')[0]!),
  'all indexes are missing': (repository) => filesIn(repository, 'index').forEach((path) => rmSync(path)),
  'an index is damaged': (repository) => flip(filesIn(repository, 'index')[0]!, 50),
  'a snapshot is damaged': (repository) => flip(filesIn(repository, 'snapshots')[0]!, 50),
  'a pack is in no index': (repository) => {
    const bytes = randomBytes(1000);
    const id = createHash('sha256').update(bytes).digest('hex');
    const path = join(repository, 'data', id.slice(0, 2), id);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  },
};

test('damages of every kind', async (t) => {
  if (!requireTool(t, 'restic')) return;
  const sound = await makeRepository(t);
  const packs = await packsOf(sound);
  for (const [name, damage] of Object.entries(damages)) {
    await t.test(name, async (inner) => {
      const repository = join(tempFolder(inner), 'repository');
      cpSync(sound, repository, { recursive: true });
      damage(
        repository,
        packs.map((pack) => ({ ...pack, path: pack.path.replace(sound, repository) })),
      );
      await compare(repository, password);
    });
  }
});
