/** Verbs on a repository that the stock restic wrote: the same answers as restic's, and restic finds everything sound. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { createContext } from '../../src/kernel/context.ts';
import { toHex } from '../../src/kernel/hex.ts';
import { copy } from '../../src/operations/copy.ts';
import { diff } from '../../src/operations/diff.ts';
import { find } from '../../src/operations/find.ts';
import { performForget, planForget } from '../../src/operations/forget.ts';
import { ls } from '../../src/operations/ls.ts';
import { performPrune, planPrune } from '../../src/operations/prune.ts';
import type { PruneStatistics } from '../../src/operations/prune-statistics.ts';
import { recover } from '../../src/operations/recover.ts';
import { repairIndex } from '../../src/operations/repair-index.ts';
import { repairPacks } from '../../src/operations/repair-packs.ts';
import { repairSnapshots } from '../../src/operations/repair-snapshots.ts';
import { rewrite } from '../../src/operations/rewrite.ts';
import { stats, type StatsMode, statsModes } from '../../src/operations/stats.ts';
import { tag } from '../../src/operations/tag.ts';
import { createLocalStorage } from '../../src/storage/local.ts';
import { openRepository } from '../../src/vaults/repository/open.ts';
import type { Repository } from '../../src/vaults/repository/repository.ts';
import { findSnapshots } from '../../src/vaults/repository/snapshot-filter.ts';
import { rootOf } from '../../src/vaults/repository/tree-path.ts';
import { cheapenKey } from '../support/cheap-key.ts';
import { type BackupProgram, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { makeTree, seededBytes } from '../support/tree.ts';
import { skipWithout } from '../support/tools.ts';

const context = createContext();
const noPatterns = { excludes: [], insensitiveExcludes: [], includes: [], insensitiveIncludes: [] };

describe('verbs on a repository of restic', { skip: skipWithout('restic'), timeout: 300_000 }, () => {
  let master: string;
  let folder: string;
  let copies = 0;
  const cleanup: (() => void | Promise<void>)[] = [];
  after(async () => {
    for (const clean of cleanup) await clean();
  });

  before(async () => {
    folder = tempFolder({ after: (fn) => void cleanup.push(fn) });
    const source = join(folder, 'source');
    master = join(folder, 'master');
    mkdirSync(source);
    makeTree(source);
    const access = { repository: master, password: 'test' };
    const program = restic(access);
    await program.run(['init']);
    await cheapenKey(access);
    const backup = (...args: string[]) =>
      program.run(['backup', '.', '--host', 'host', ...args], { cwd: source });
    await backup('--tag', 'one');
    writeFileSync(join(source, 'added'), seededBytes(300_000, 99));
    rmSync(join(source, 'plain', 'deep'), { recursive: true });
    appendFileSync(join(source, 'plain', 'hello.txt'), 'more');
    await backup('--tag', 'two,three');
    rmSync(join(source, 'odd'), { recursive: true });
    await backup();
  });

  /** a copy of the repository that may be changed, and what opens it */
  async function open(): Promise<{
    program: BackupProgram;
    repository: Repository;
    ids: string[];
    path: string;
  }> {
    const path = join(folder, `copy-${copies++}`);
    cpSync(master, path, { recursive: true });
    const repository = await openRepository(createLocalStorage(path), Buffer.from('test'));
    const ids = (await findSnapshots(repository, {})).map(({ id }) => id);
    return { program: restic({ repository: path, password: 'test' }), repository, ids, path };
  }

  async function lines(program: BackupProgram, ...args: string[]): Promise<Record<string, unknown>[]> {
    const { stdout } = await program.run([...args, '--json', '--no-lock']);
    return stdout
      .trim()
      .split('\n')
      .filter((line) => /^(\{|\[\{|\[\])/.test(line))
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  const sound = (program: BackupProgram) => program.run(['check', '--read-data']);

  test('ls', async () => {
    const { program, repository, ids } = await open();
    for (const [args, options] of [
      [[], {}],
      [['/plain'], { folders: ['/plain'] }],
      [['/plain', '--recursive'], { folders: ['/plain'], recursive: true }],
      [['--sort', 'size', '--reverse'], { sort: 'size', reverse: true }],
      [['--sort', 'extension'], { sort: 'extension' }],
      [['--sort', 'time'], { sort: 'time' }],
    ] as const) {
      const expected = (await lines(program, 'ls', ids[0]!, ...args)).slice(1).map(({ path }) => path);
      const actual: string[] = [];
      await ls(
        repository,
        {
          snapshot: ids[0]!,
          ...options,
          onEntry: ({ path, leading }) => void (leading || actual.push(path.toWellFormed())),
        },
        context,
      );
      assert.deepEqual(new Set(actual), new Set(expected), args.join(' '));
      // names that are not UTF-8 are shown alike and can stand in either order
      assert.deepEqual(actual.filter(isPlain), (expected as string[]).filter(isPlain), args.join(' '));
    }
  });

  test('find', async () => {
    const { program, repository } = await open();
    for (const patterns of [
      ['hello*'],
      ['small-1?', '/odd'],
      ['/*/deep/**/notes'],
      ['hello.TXT'],
      ['nothing'],
    ]) {
      const ignoreCase = patterns[0] === 'hello.TXT';
      const [expected] = await lines(program, 'find', ...patterns, ...(ignoreCase ? ['-i'] : []));
      const answer = (expected as unknown as { snapshot: string; matches: { path: string }[] }[]).flatMap(
        (one) => one.matches.map(({ path }) => `${one.snapshot} ${path}`),
      );
      const actual: string[] = [];
      const onEntry = ({ snapshot, path }: { snapshot: { id: string }; path: string }) =>
        void actual.push(`${snapshot.id} ${path.toWellFormed()}`);
      await find(repository, { patterns, ignoreCase, filter: {}, onEntry }, context);
      assert.deepEqual(actual, answer, patterns.join(' '));
    }
  });

  test('diff', async () => {
    const { program, repository, ids } = await open();
    for (const metadata of [false, true]) {
      const args = metadata ? ['--metadata'] : [];
      const expected = await lines(program, 'diff', ids[0]!, ids[1]!, ...args);
      const { added, removed, changed_files } = expected.pop()!;
      const changes: unknown[] = [];
      const [from, to] = await Promise.all(ids.map(async (id) => rootOf(await repository.readSnapshot(id))));
      const result = await diff(
        repository,
        {
          from: from!,
          to: to!,
          metadata,
          onChange: ({ path, modifier }) => void changes.push({ message_type: 'change', path, modifier }),
        },
        context,
      );
      assert.deepEqual(changes, expected);
      const side = (one: typeof result.added) => ({
        files: one.files,
        dirs: one.dirs,
        others: one.others,
        data_blobs: one.dataBlobs,
        tree_blobs: one.treeBlobs,
        bytes: one.bytes,
      });
      assert.deepEqual(
        [side(result.added), side(result.removed), result.changedFiles],
        [added, removed, changed_files],
      );
    }
  });

  test('stats', async () => {
    const { program, repository } = await open();
    for (const mode of statsModes satisfies readonly StatsMode[]) {
      const [expected] = await lines(program, 'stats', '--mode', mode);
      const actual = await stats(repository, { filter: {}, mode }, context);
      assert.equal(actual.totalSize, expected!['total_size'], mode);
      assert.equal(actual.totalFiles, expected!['total_file_count'] ?? 0, mode);
      assert.equal(actual.totalBlobs, expected!['total_blob_count'] ?? 0, mode);
      assert.equal(actual.snapshots, expected!['snapshots_count'], mode);
      assert.equal(actual.compression?.totalUncompressedSize, expected!['total_uncompressed_size'], mode);
      assert.equal(actual.compression?.ratio, expected!['compression_ratio'], mode);
      assert.equal(actual.compression?.progress, expected!['compression_progress'], mode);
      assert.equal(actual.compression?.spaceSaving, expected!['compression_space_saving'], mode);
    }
  });

  test('forget and prune: the same figures as restic, and a repository that restic finds sound', async () => {
    for (const [flags, options] of [
      [[], {}],
      [['--max-unused', '0'], { maxUnused: { bytes: 0 } }],
      [['--max-unused', 'unlimited'], { maxUnused: 'unlimited' }],
      [['--repack-cacheable-only'], { repackCacheableOnly: true }],
    ] as const) {
      const { program, repository, ids } = await open();
      const plan = await planForget(repository, { filter: { ids: ids.slice(0, 2) }, policy: {} }, context);
      await performForget(repository, plan, context);
      const { stdout } = await program.run(['prune', '--dry-run', '-v', ...flags]);
      const prune = await planPrune(repository, options, context);
      assert.deepEqual(pruneFigures(prune.statistics), readFigures(stdout), stdout);
      await performPrune(repository, prune, context);
      await sound(program);
      await program.run(['prune', '--max-unused', '0']);
      await sound(program);
    }
  });

  test('tag, rewrite and copy', async () => {
    const { program, repository, ids } = await open();
    await tag(repository, { filter: { ids: [ids[0]!] }, add: ['new'] }, context);
    const patterns = { ...noPatterns, excludes: ['/plain/*.bin'] };
    assert.deepEqual(await rewrite(repository, { filter: {}, patterns }, context), { modified: 3 });
    const snapshots = (await program.json(['snapshots'])) as { tags?: string[] }[];
    assert.deepEqual(
      snapshots.map(({ tags }) => tags ?? []).sort(),
      [
        [],
        ['one', 'new'],
        ['one', 'new', 'rewrite'],
        ['rewrite'],
        ['two', 'three'],
        ['two', 'three', 'rewrite'],
      ].sort(),
    );
    await sound(program);
    // restic has nothing left to exclude
    const again = await program.run(['rewrite', '--exclude', '/plain/*.bin', '--tag', 'rewrite']);
    assert.match(again.stdout, /no snapshots were modified/);

    const path = join(folder, `copy-${copies++}`);
    const other = restic({ repository: path, password: 'other' });
    await other.run(['init']);
    const destination = await openRepository(createLocalStorage(path), Buffer.from('other'));
    const { copied } = await copy(repository, destination, { filter: {} }, context);
    assert.equal(copied.length, 6);
    await sound(other);
    const env = { RESTIC_FROM_REPOSITORY: repository.storage.location, RESTIC_FROM_PASSWORD: 'test' };
    const { stdout } = await other.run(['copy', '-v', '-v'], { env });
    assert.equal(stdout.match(/skipping source snapshot/g)?.length, 6);
  });

  test('repair', async () => {
    const { program, repository, path } = await open();
    rmSync(join(path, 'index'), { recursive: true });
    mkdirSync(join(path, 'index'));
    await repairIndex(repository, {}, context);
    await sound(program);

    const index = await repository.loadIndex();
    const data = [...index.entries()].find((entry) => index.typeOf(entry) === 'data')!;
    const pack = toHex(index.packId(index.packOf(data)));
    const file = join(path, 'data', pack.slice(0, 2), pack);
    const bytes = await repository.storage.read(`data/${pack.slice(0, 2)}/${pack}`);
    bytes[index.offsetOf(data) + 20]! ^= 1;
    rmSync(file);
    writeFileSync(file, bytes);
    const { lost } = await repairPacks(repository, { packs: [pack] }, context);
    assert.deepEqual(
      lost.map(({ id }) => id),
      [toHex(index.idOf(data))],
    );
    const { modified } = await repairSnapshots(repository, { filter: {}, forget: true }, context);
    assert.ok(modified > 0);
    await sound(program);
  });

  test('recover', async () => {
    const { program, repository, ids } = await open();
    for (const id of ids) await repository.removeFile('snapshot', id);
    const { roots } = await recover(repository, {}, context);
    assert.equal(roots.length, ids.length);
    await sound(program);
    await program.run(['ls', 'latest']);
  });
});

function isPlain(path: string): boolean {
  return !path.includes('\ufffd');
}

/** The numbers of blobs and packs in what restic prints. */
function readFigures(text: string): Record<string, number> {
  const figures: Record<string, number> = {};
  for (const [, name, count, unit] of text.matchAll(/^([a-z ]+): +(\d+)(?: (blobs|packs)|$)/gm)) {
    figures[`${name} ${unit ?? 'packs'}`] = Number(count);
  }
  return figures;
}

function pruneFigures({ blobs, packs }: PruneStatistics): Record<string, number> {
  return {
    'used blobs': blobs.used,
    'unused blobs': blobs.unused,
    'total blobs': blobs.total,
    'to repack blobs': blobs.repack,
    'this removes blobs': blobs.repackRemove,
    'to delete blobs': blobs.remove,
    'total prune blobs': blobs.removeTotal,
    'remaining blobs': blobs.remaining,
    'totally used packs packs': packs.used,
    'partly used packs packs': packs.partlyUsed,
    'unused packs packs': packs.unused,
    'to keep packs': packs.keep,
    'to repack packs': packs.repack,
    'to delete packs': packs.remove,
  };
}
