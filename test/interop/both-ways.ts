/**
 * The promise of the program as one suite for every kind of storage: what one program wrote, the other checks,
 * restores, deduplicates against, tags, rewrites, copies, forgets and prunes, and then the first goes on.
 */
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test, type TestContext } from 'node:test';
import { cheapenKey } from '../support/cheap-key.ts';
import { jsonLines } from '../support/program.ts';
import { type BackupProgram, holdfast, type RepositoryAccess, restic } from '../support/restic.ts';
import { tempFolder } from '../support/temp.ts';
import { compareTrees, makeTree } from '../support/tree.ts';

/** A place for repositories, one by name. */
export interface Place {
  access(name: string): Pick<RepositoryAccess, 'repository' | 'env'>;
  stop(): Promise<void>;
}

const password = 'both know it';

/** Declares the suite twice: restic first and Holdfast first. */
export function bothWays(title: string, skip: string | false, start: () => Promise<Place>): void {
  suite(title, { skip }, () => {
    const folder = tempFolder({ after }, 'holdfast-both-ways');
    let place: Place;
    before(async () => {
      mkdirSync(join(folder, 'tree'));
      makeTree(join(folder, 'tree'));
      writeFileSync(join(folder, 'password'), password);
      place = await start();
    });
    after(() => place.stop());
    const chunkers = { restic: [], holdfast: ['--chunker', 'rabin'] };
    for (const [first, second] of [
      [restic, holdfast],
      [holdfast, restic],
    ] as const) {
      // the two orders share a storage, and must not share a repository
      const name = first === restic ? 'restic-first' : 'holdfast-first';
      test(name, { timeout: 300_000 }, async (t) => {
        const access = { ...place.access(name), password, cache: join(folder, `${name}-cache`) };
        const copy = { ...place.access(`${name}-copy`), password, cache: access.cache };
        const writer = first(access);
        await writer.run(['init', ...chunkers[writer.name]]);
        const from = ['--from-repo', access.repository, '--from-password-file', join(folder, 'password')];
        const other = second(access);
        await story({ t, folder, access, writer, other, copy: second(copy), from });
      });
    }
  });
}

interface Cast {
  readonly t: TestContext;
  readonly folder: string;
  readonly access: RepositoryAccess;
  /** made the repository, and goes on at the end */
  readonly writer: BackupProgram;
  /** the other program on that repository, and on a second one */
  readonly other: BackupProgram;
  readonly copy: BackupProgram;
  /** the flags that name the first repository as a source */
  readonly from: readonly string[];
}

async function story({ t, folder, access, writer, other, copy, from }: Cast): Promise<void> {
  const first = await backup(writer, folder);
  assert.ok(number(first, 'data_blobs') > 0);

  // read again in full, and nothing is new: same chunks, same trees, to the byte
  const second = await backup(other, folder, '--force');
  assert.deepEqual(
    [number(second, 'data_blobs'), number(second, 'tree_blobs')],
    [0, 0],
    'the other adds no data',
  );
  await cheapenKey(access);

  // the other's parent is known by its metadata alone
  const third = await backup(writer, folder);
  assert.equal(
    number(third, 'files_new') + number(third, 'files_changed'),
    0,
    'no file is taken for changed',
  );

  await other.run(['check', '--read-data']);
  await restoreAndCompare(t, other, folder, id(first));
  await restoreAndCompare(t, writer, folder, id(second));

  await other.run(['tag', '--add', 'kept', id(first)]);
  assert.equal((await snapshots(writer, '--tag', 'kept')).length, 1);

  await other.run(['rewrite', '--exclude', '*.bin', '--forget', id(second)]);
  const [rewritten] = (await snapshots(writer)).filter((snapshot) => snapshot['original'] === id(second));
  assert.ok(rewritten, 'the rewritten snapshot names its original');
  const files = jsonLines((await writer.run(['ls', String(rewritten['id']), '--json'])).stdout);
  assert.ok(files.length > 20);
  assert.deepEqual(
    files.filter((file) => String(file['path']).endsWith('.bin')),
    [],
  );

  await copy.run(['init', '--copy-chunker-params', ...from]);
  await copy.run(['copy', ...from]);
  assert.equal((await snapshots(copy)).length, 3);
  await copy.run(['check', '--read-data']);
  await restoreAndCompare(t, copy, folder, 'latest');

  await other.run(['forget', '--keep-last', '1', '--prune']);
  await writer.run(['check', '--read-data']);
  assert.equal((await snapshots(writer)).length, 1);

  appendFileSync(join(folder, 'tree', 'plain', 'hello.txt'), 'once more\n');
  const last = await backup(writer, folder);
  assert.ok(number(last, 'files_changed') > 0);
  await writer.run(['prune']);
  await other.run(['check', '--read-data']);
  await restoreAndCompare(t, other, folder, id(last));
}

async function backup(
  program: BackupProgram,
  folder: string,
  ...flags: string[]
): Promise<Record<string, unknown>> {
  // a relative path: the folders above are no part of the snapshot, and their times do not matter
  const { stdout } = await program.run(['backup', '--json', '--host', 'interop', ...flags, 'tree'], {
    cwd: folder,
  });
  const summary = jsonLines(stdout).at(-1);
  assert.equal(summary?.['message_type'], 'summary');
  return summary;
}

async function restoreAndCompare(
  t: TestContext,
  program: BackupProgram,
  folder: string,
  snapshot: string,
): Promise<void> {
  const target = tempFolder(t, 'holdfast-restored');
  await program.run(['restore', snapshot, '--target', target]);
  assert.deepEqual(
    compareTrees(join(folder, 'tree'), join(target, 'tree')),
    [],
    `${program.name} restores ${snapshot}`,
  );
}

async function snapshots(program: BackupProgram, ...flags: string[]): Promise<Record<string, unknown>[]> {
  return (await program.json(['snapshots', ...flags])) as Record<string, unknown>[];
}

function number(summary: Record<string, unknown>, name: string): number {
  const value = summary[name];
  assert.equal(typeof value, 'number', name);
  return Number(value);
}

function id(summary: Record<string, unknown>): string {
  const value = summary['snapshot_id'];
  assert.ok(typeof value === 'string', 'the summary names the snapshot');
  return value;
}
