/** Reads every index file by itself, so that what is wrong between them shows: damage, repeated and mixed packs. */
import { hasCode, HoldfastError, throwIfAborted } from '../../kernel/errors.ts';
import { toHex } from '../../kernel/hex.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import { BlobIndex } from '../../vaults/repository/blob-index/blob-index.ts';
import {
  blobWords,
  IndexBatch,
  lengthAt,
  packAt,
  packWords,
} from '../../vaults/repository/blob-index/index-batch.ts';
import { readIndexFile } from '../../vaults/repository/blob-index/read-index-file.ts';
import type { Repository } from '../../vaults/repository/repository.ts';

export interface RepeatedPack {
  /** hex */
  readonly pack: string;
  /** hex ids of the index files that name it */
  readonly indexes: readonly string[];
}

export interface IndexFindings {
  readonly index: BlobIndex;
  /** one sentence for each index file that cannot be used */
  readonly errors: readonly string[];
  /** packs of which index files say different things */
  readonly differing: readonly RepeatedPack[];
  /** packs of which several index files say the same */
  readonly duplicate: readonly RepeatedPack[];
  /** hex ids of packs with both trees and data */
  readonly mixed: readonly string[];
}

const readsAtOnce = 8;
/** About, so that the table is made large enough at once. */
const storedBytesPerBlob = 52;
const hasData = 1;
const hasTrees = 2;

/** What is known of a pack from one index file, folded together. */
class PackTable {
  /** number of the last index file that named the pack, plus one */
  file = new Int32Array(1024);
  hashA = new Int32Array(1024);
  hashB = new Int32Array(1024);
  kinds = new Uint8Array(1024);

  makeRoom(packs: number): void {
    while (packs > this.file.length) {
      this.file = doubled(this.file);
      this.hashA = doubled(this.hashA);
      this.hashB = doubled(this.hashB);
      const kinds = new Uint8Array(this.kinds.length * 2);
      kinds.set(this.kinds);
      this.kinds = kinds;
    }
  }
}

export async function readIndexFindings(repository: Repository, signal: AbortSignal): Promise<IndexFindings> {
  const files: string[] = [];
  let stored = 0;
  for await (const { id, size } of repository.list('index')) {
    files.push(id);
    stored += size;
  }
  const sealing = { key: repository.key, version: repository.config.version };
  const index = BlobIndex.create(Math.ceil(stored / storedBytesPerBlob));
  const errors: string[] = [];
  const repeats = new Map<number, { files: number[]; differs: boolean }>();
  const known = new PackTable();
  const batch = new IndexBatch();

  const read = async (id: string) => {
    try {
      return { id, sealed: await repository.readRaw('index', id) };
    } catch (error) {
      if (hasCode(error, 'interrupted')) throw error;
      return { id, error };
    }
  };
  let number = 0;
  for await (const { id, sealed, error } of mapParallel(files, readsAtOnce, read)) {
    throwIfAborted(signal);
    batch.clear();
    try {
      if (!sealed) throw error;
      readIndexFile(sealing, id, sealed, batch);
    } catch (problem) {
      if (!(problem instanceof HoldfastError)) throw problem;
      errors.push(`error loading index ${id}: ${problem.message}`);
    }
    if (errors.length === 0) {
      index.addBatch(batch);
      known.makeRoom(index.packCount);
      fold(batch, number, known, repeats);
    }
    number++;
  }

  const named = (pack: number, { files: numbers }: { files: number[] }): RepeatedPack => ({
    pack: toHex(index.packId(pack)),
    indexes: numbers.map((file) => files[file]!),
  });
  const all = [...repeats];
  const mixed: string[] = [];
  for (let pack = 0; pack < index.packCount; pack++) {
    if (known.kinds[pack] === (hasData | hasTrees)) mixed.push(toHex(index.packId(pack)));
  }
  return {
    index,
    errors,
    differing: all.filter(([, repeat]) => repeat.differs).map(([pack, repeat]) => named(pack, repeat)),
    duplicate: all.filter(([, repeat]) => !repeat.differs).map(([pack, repeat]) => named(pack, repeat)),
    mixed,
  };
}

/** Adds up, for each pack of one file, numbers that do not depend on the order of its blobs, and compares with before. */
function fold(
  batch: IndexBatch,
  file: number,
  known: PackTable,
  repeats: Map<number, { files: number[]; differs: boolean }>,
): void {
  const sums = new Map<number, { a: number; b: number }>();
  let pack = -1;
  let entry = { a: 0, b: 0 };
  const words = batch.blobs;
  for (let base = 0; base < batch.blobCount * blobWords; base += blobWords) {
    const of = words[base + packAt]!;
    if (of !== pack) {
      pack = of;
      const before = sums.get(of);
      entry = before ?? { a: 0, b: 0 };
      if (!before) sums.set(of, entry);
    }
    known.kinds[of]! |= words[base + lengthAt]! < 0 ? hasTrees : hasData;
    let mix = 0x9e3779b9;
    for (let i = packWords + 1; i < blobWords; i++)
      mix = Math.imul(mix ^ words[base + i]!, 0x85ebca6b) ^ (mix >>> 13);
    entry.a = (entry.a + words[base]! + mix) | 0;
    entry.b = (entry.b + Math.imul(words[base + 1]! ^ mix, 0xc2b2ae35)) | 0;
  }
  for (const [of, { a, b }] of sums) {
    const before = known.file[of]!;
    if (before === 0) {
      known.file[of] = file + 1;
      known.hashA[of] = a;
      known.hashB[of] = b;
      continue;
    }
    const repeat = repeats.get(of) ?? { files: [before - 1], differs: false };
    repeat.files.push(file);
    repeat.differs ||= known.hashA[of] !== a || known.hashB[of] !== b;
    repeats.set(of, repeat);
  }
}

function doubled(words: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(words.length * 2);
  larger.set(words);
  return larger;
}
