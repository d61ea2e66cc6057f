/** Snapshots of databases in which something is not as it was: what a drill has to notice. */
import { createContext } from '../../src/kernel/context.ts';
import { openStoredDatabase } from '../../src/operations/database/database-dump.ts';
import type { Entry } from '../../src/sources/entry.ts';
import { backUp, openAgain } from './engine.ts';

const bytesOf = async (pieces: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const all: Buffer[] = [];
  for await (const piece of pieces) all.push(Buffer.from(piece));
  return Buffer.concat(all);
};

/** From the first snapshot of `path` makes another one of the same path, its files changed by `change`. */
export async function rewriteDatabase(
  location: string,
  path: string,
  change: (name: string, text: string) => string,
): Promise<void> {
  await using repository = await openAgain(location);
  const all = await Array.fromAsync(repository.snapshots());
  const first = all
    .filter(({ snapshot }) => snapshot.paths.includes(path))
    .toSorted((a, b) => a.snapshot.timeMs - b.snapshot.timeMs)[0]!;
  const { evidence, read } = await openStoredDatabase(repository, { snapshot: first.id }, createContext());
  async function* entries(): AsyncGenerator<Entry> {
    for (const name of [...evidence.parts.map((part) => part.name), 'evidence.json']) {
      const text = (await bytesOf(read(name))).toString('latin1');
      yield {
        path: Buffer.from(`${path}/${name}`),
        permissions: 0o600,
        modified: new Date(0),
        content: { kind: 'stream', bytes: once(Buffer.from(change(name, text), 'latin1')) },
      };
    }
  }
  await backUp(repository, [], { what: { kind: 'source', source: { name: 'test', entries }, path } });
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
