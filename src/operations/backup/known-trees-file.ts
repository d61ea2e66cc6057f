/**
 * Keeps what is known of trees from one backup to the next in the local cache, sealed with the key of the repository.
 * It is of use as long as every index file that it was written with is still there: then nothing that its trees need
 * has been removed. Without it a backup takes longer and comes to the same.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { toHex } from '../../kernel/hex.ts';
import { sha256 } from '../../kernel/native/crypto.ts';
import { openCacheDirectory } from '../../storage/cache-directory.ts';
import { open, seal } from '../../vaults/repository/format/seal.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { noteBytes } from './known-trees.ts';

export interface KnownTreesFile {
  /** Notes, `noteBytes` each; undefined when there are none that can be relied on. */
  load(indexes: ReadonlySet<string>): Promise<Uint8Array | undefined>;
  save(indexes: ReadonlySet<string>, notes: readonly Uint8Array[]): Promise<void>;
}

const magic = Buffer.from('known trees 1\n\0\0');
/** Files of other sets of paths that are kept in a cache. */
const mostFiles = 16;

/** @param cacheBase the folder of all caches; @param paths what is backed up */
export function knownTreesFile(
  cacheBase: string,
  repository: Repository,
  paths: readonly string[],
): KnownTreesFile {
  const name = toHex(sha256(Buffer.from(JSON.stringify([...paths].sort()))));
  const folder = join(cacheBase, repository.config.id, 'known-trees');
  const path = join(folder, name);

  return {
    async load(indexes) {
      let plain: Uint8Array;
      try {
        plain = open(repository.key, await readFile(path));
      } catch {
        return undefined;
      }
      return notesIn(plain, indexes);
    },
    async save(indexes, notes) {
      await openCacheDirectory(cacheBase, repository.config.id);
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const temporary = `${path}-tmp-${randomBytes(8).toString('hex')}`;
      try {
        await writeFile(temporary, seal(repository.key, encode(indexes, notes)), { mode: 0o600, flag: 'wx' });
        await rename(temporary, path);
      } finally {
        await rm(temporary, { force: true });
      }
      await removeOldest(folder);
    },
  };
}

function encode(indexes: ReadonlySet<string>, notes: readonly Uint8Array[]): Uint8Array {
  const count = Buffer.alloc(4);
  count.writeUInt32LE(indexes.size);
  return Buffer.concat([magic, count, Buffer.from([...indexes].join(''), 'hex'), ...notes]);
}

function notesIn(plain: Uint8Array, indexes: ReadonlySet<string>): Uint8Array | undefined {
  const bytes = Buffer.from(plain.buffer, plain.byteOffset, plain.length);
  if (!bytes.subarray(0, magic.length).equals(magic)) return undefined;
  let at = magic.length + 4;
  for (let left = bytes.readUInt32LE(magic.length); left > 0; left--, at += 32) {
    if (!indexes.has(toHex(bytes.subarray(at, at + 32)))) return undefined;
  }
  const notes = bytes.subarray(at);
  return notes.length % noteBytes === 0 ? notes : undefined;
}

async function removeOldest(folder: string): Promise<void> {
  const files = await Promise.all(
    (await readdir(folder)).map(async (name) => ({ name, used: (await stat(join(folder, name))).mtimeMs })),
  );
  files.sort((a, b) => b.used - a.used);
  for (const { name } of files.slice(mostFiles)) await rm(join(folder, name), { force: true });
}
