/** Small files fetched while scrypt works: their bytes need no key, and on a server each costs a round trip. */
import { mapParallel } from '../../kernel/parallel.ts';
import type { Storage } from '../../storage/storage.ts';
import type { SealedKind } from './files.ts';
import { folderOf, idOfName } from './files.ts';

export type Prefetch = Exclude<SealedKind, 'lock'>;

/** Stored bytes by file name; each is handed out once. */
export interface Fetched {
  /** The bytes of a file that was fetched whole; undefined when it was not, then read it. */
  take(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Bytes kept at most, so that an index of gigabytes is not held twice. */
const budget = 64 * 1024 * 1024;
const readsAtOnce = 8;

/** Begins at once; errors are left to the real read. */
export function prefetch(storage: Storage, kinds: readonly Prefetch[], signal: AbortSignal): Fetched {
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  const work = Promise.all(kinds.map((kind) => fetchKind(storage, kind, files, signal))).then(
    () => {},
    () => {},
  );
  return {
    async take(name) {
      if (kinds.length === 0) return undefined;
      await work;
      const bytes = files.get(name);
      files.delete(name);
      return bytes;
    },
  };
}

async function fetchKind(
  storage: Storage,
  kind: Prefetch,
  files: Map<string, Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
): Promise<void> {
  const names: string[] = [];
  let total = 0;
  for await (const { name, size } of storage.list(folderOf(kind), { signal })) {
    if (idOfName(name) === undefined) continue;
    total += size;
    if (total > budget) break;
    names.push(name);
  }
  const read = async (name: string) => ({ name, bytes: await storage.read(name, { signal }) });
  for await (const { name, bytes } of mapParallel(names, readsAtOnce, read)) files.set(name, bytes);
}
