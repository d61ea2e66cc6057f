/**
 * A tree that changes at random, round after round: what Holdfast stores of it each time is to the byte what restic
 * would store, so that restic's backup right after it adds nothing.
 */
import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  type Dirent,
  linkSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { cheapenKey } from '../support/cheap-key.ts';
import { backUp, checkErrors, makeRepository, openAgain, password } from '../support/engine.ts';
import { restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { seededBytes } from '../support/tree.ts';
import { requireTool } from '../support/tools.ts';

/** Numbers from 0 up to 1: mulberry32. */
function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Changes a folder at random; the same seed makes the same changes. */
function createMutator(root: string, seed: number): (changes: number) => void {
  const random = seededRandom(seed);
  const below = (limit: number): number => Math.floor(random() * limit);
  const pick = <T>(values: readonly T[]): T | undefined => values[below(values.length)];
  const sizes = [0, 10, 5_000, 700_000, 2_500_000];
  let serial = seed * 1_000;

  function entries(): Dirent[] {
    const all = readdirSync(root, { recursive: true, withFileTypes: true });
    return all.sort((a, b) => (pathOf(a) < pathOf(b) ? -1 : 1));
  }
  const pathOf = (entry: Dirent): string => join(entry.parentPath, entry.name);
  const folder = (): string =>
    pick([
      root,
      ...entries()
        .filter((entry) => entry.isDirectory())
        .map(pathOf),
    ])!;
  const file = (): string | undefined =>
    pick(
      entries()
        .filter((entry) => entry.isFile())
        .map(pathOf),
    );
  const anything = (): string | undefined => pick(entries().map(pathOf));
  function freshPath(): string {
    for (;;) {
      const letters = Array.from({ length: 1 + below(8) }, () => pick([...'abcxyz-_. \u00e9<"\\&\u2028'])!);
      const path = join(folder(), letters.join('').replace(/^\.{1,2}$/, 'dot'));
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return path;
    }
  }

  const changes: (() => void)[] = [
    ...Array<() => void>(3).fill(() => writeFileSync(freshPath(), seededBytes(pick(sizes)!, ++serial))),
    ...Array<() => void>(2).fill(() => mkdirSync(freshPath())),
    () => symlinkSync(`target ${++serial}`, freshPath()),
    () => {
      const path = file();
      if (path !== undefined) unlinkSync(path);
    },
    () => {
      const path = file();
      if (path !== undefined) chmodSync(path, pick([0o644, 0o600, 0o755, 0o4711])!);
    },
    () => {
      const path = file();
      if (path !== undefined) appendFileSync(path, 'more');
    },
    () => {
      const path = file();
      if (path !== undefined) linkSync(path, freshPath());
    },
    () => {
      const path = anything();
      if (path !== undefined) lutimesSync(path, below(2e9), below(2e9) + 0.25);
    },
    () => {
      const path = anything();
      const target = freshPath();
      if (path !== undefined && !target.startsWith(`${path}/`)) renameSync(path, target);
    },
    () => {
      const path = folder();
      if (path !== root && random() < 0.5) rmSync(path, { recursive: true });
    },
  ];
  return (count) => {
    for (let i = 0; i < count; i++) pick(changes)!();
  };
}

for (const seed of [1, 2, 3]) {
  test(`restic has nothing to add after any of six random rounds (seed ${seed})`, async (t) => {
    if (!requireTool(t, 'restic')) return;
    const folder = tempFolder(t);
    const root = join(folder, 'tree');
    mkdirSync(root);
    const location = join(folder, 'repository');
    const oracle = restic({ repository: location, password });
    // the other program's repository every other time
    if (seed % 2 === 0) {
      await oracle.run(['init']);
      await cheapenKey({ repository: location, password });
    }
    await using repository = await (seed % 2 === 0 ? openAgain(location) : makeRepository(location));
    const before = process.cwd();
    process.chdir(folder);
    t.after(() => process.chdir(before));

    const mutate = createMutator(root, seed);
    mutate(250);
    for (let round = 0; round < 6; round++) {
      const result = await backUp(repository, ['tree'], { workers: 1 + ((seed + round) % 4) });
      assert.equal(result.errors, 0);
      const { stdout } = await oracle.run(['backup', 'tree']);
      assert.match(stdout, /^Added to the repository: 0 B /m, `round ${round}`);
      // and the other way round: what restic has just stored is the next parent
      const again = await backUp(repository, ['tree'], { skipIfUnchanged: true });
      assert.equal(again.id, undefined, `round ${round}: Holdfast finds changes in restic's snapshot`);
      assert.equal(again.summary.dataAdded, 0);
      mutate(round % 3 === 2 ? 0 : 12);
    }
    assert.deepEqual(await checkErrors(repository), []);
    await oracle.run(['check', '--read-data']);
  });
}
