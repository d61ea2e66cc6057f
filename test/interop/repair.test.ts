/** Broken repositories are repaired as the stock restic repairs them. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { toHex } from '../../src/kernel/hex.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { repairSnapshots } from '../../src/operations/repair-snapshots.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { findSnapshots } from '../../src/vaults/repository/snapshot-filter.ts';
import {
  fixturePassword,
  type RepositoryFixture,
  repositoryFixtures,
  unpackFixture,
} from '../support/fixtures.ts';
import { type BackupProgram, restic } from '../support/restic.ts';
import { requireTool } from '../support/tools.ts';

const context = createContext();

interface Fixture {
  readonly program: BackupProgram;
  open(): Promise<Repository>;
}

async function unpack(t: TestContext, name: RepositoryFixture): Promise<Fixture> {
  const path = await unpackFixture(t, name);
  return {
    program: restic({ repository: path, password: fixturePassword }),
    open: () => openRepository(createLocalStorage(path), Buffer.from(fixturePassword)),
  };
}

/** What a repository holds, whoever arranged it: the trees of its snapshots, and its blobs, each once. */
async function describe({ open }: Fixture): Promise<{ trees: string[]; blobs: string[] }> {
  const repository = await open();
  const snapshots = await findSnapshots(repository, {});
  const index = await repository.loadIndex();
  const blobs = new Set<string>();
  index.forEachEntry((entry) => blobs.add(`${index.typeOf(entry)} ${toHex(index.idOf(entry))}`));
  return { trees: snapshots.map(({ snapshot }) => snapshot.tree), blobs: [...blobs].sort() };
}

async function checkStatus({ program }: Fixture): Promise<number | null> {
  return (await program.run(['check', '--read-data'], { expect: 'any' })).status;
}

for (const name of repositoryFixtures) {
  test(name, async (t) => {
    if (!requireTool(t, 'restic')) return;
    const ours = await unpack(t, name);
    const theirs = await unpack(t, name);

    await repairIndex(await ours.open(), {}, context);
    await theirs.program.run(['repair', 'index']);
    assert.deepEqual(await describe(ours), await describe(theirs), 'after repair index');

    const repairs: string[] = [];
    await repairSnapshots(
      await ours.open(),
      { filter: {}, forget: true, onRepair: ({ path, what }) => repairs.push(`"${path}": ${what}`) },
      context,
    );
    const { stdout } = await theirs.program.run(['repair', 'snapshots', '--forget']);
    assert.deepEqual((await describe(ours)).trees, (await describe(theirs)).trees, 'after repair snapshots');
    for (const repair of repairs) assert.ok(stdout.includes(repair), `${repair} is not in\n${stdout}`);

    const repository = await ours.open();
    const plan = await planPrune(repository, { maxUnused: { bytes: 0 } }, context);
    await performPrune(repository, plan, context);
    await theirs.program.run(['prune', '--max-unused', '0']);
    assert.deepEqual(await describe(ours), await describe(theirs), 'after prune');
    assert.equal(await checkStatus(ours), 0);
    t.diagnostic(`${repairs.length} repairs`);
  });
}
