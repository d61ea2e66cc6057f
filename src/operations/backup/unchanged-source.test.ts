import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Entry } from '../../sources/entry.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { backUp, makeRepository, rootTree } from '../../../test/support/engine.ts';

/** A source whose entries are modified whenever it is read, as those of databases are. */
function sourceOf(files: Readonly<Record<string, string>>, at: number) {
  async function* entries(): AsyncGenerator<Entry> {
    for (const [path, text] of Object.entries(files)) {
      const bytes = (async function* () {
        yield Buffer.from(text);
      })();
      yield {
        path: Buffer.from(path),
        permissions: 0o600,
        modified: new Date(at),
        content: path.endsWith('.rows')
          ? { kind: 'rows', bytes, blockSize: 512, inPieces: true }
          : { kind: 'stream', bytes },
      };
    }
  }
  return { kind: 'source', source: { name: 'test', entries }, path: '/db' } as const;
}

test('no snapshot of a source whose content did not change, whenever it was read', async () => {
  await using repository = await makeRepository(createMemoryStorage());
  const rows = Array.from({ length: 3000 }, (_, i) => `row ${i}\n`).join('');
  const files = { '/db/a.sql': 'schema', '/db/deep/b.rows': rows, '/db/deep/c': 'c' };
  const run = (content: typeof files, at: number, skipIfUnchanged = true) =>
    backUp(repository, [], { what: sourceOf(content, at), skipIfUnchanged, timeMs: at });
  const first = await run(files, 1_000_000);
  assert.ok(first.id);
  assert.equal((await run(files, 2_000_000)).id, undefined);

  const changed = await run({ ...files, '/db/deep/c': 'd' }, 3_000_000);
  assert.ok(changed.id);
  const times = async (path: readonly string[]): Promise<Record<string, number>> => {
    let tree = await rootTree(repository, changed.id!);
    const nodes = () => repository.readTree(tree);
    for (const name of path)
      tree = (await nodes()).find((node) => String(Buffer.from(node.name)) === name)!.subtree!;
    return Object.fromEntries(
      (await nodes()).map(({ name, mtime }) => [String(Buffer.from(name)), mtime.sec]),
    );
  };
  const top = await times(['db']);
  assert.equal(top['a.sql'], 1000);
  assert.equal((await times(['db', 'deep']))['c'], 3000);
  assert.equal((await run({ ...files, '/db/deep/c': 'd' }, 4_000_000)).id, undefined);

  // without the flag everything has the time of its run, and nothing is left out
  const plain = await run({ ...files, '/db/deep/c': 'd' }, 5_000_000, false);
  assert.ok(plain.id);
  assert.notDeepEqual(await rootTree(repository, plain.id), await rootTree(repository, changed.id));
});
