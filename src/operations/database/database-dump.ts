/** A database of a snapshot as one stream that its own client takes: the parts, put together in the order of the dump. */
import { randomBytes } from 'node:crypto';
import type { Context } from '../../kernel/context.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { plainRestrictWord } from '../../sources/postgres/dump-parts.ts';
import { decodeEvidence, type Evidence, evidenceName } from '../../sources/database/evidence.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf } from '../../vaults/repository/tree-path.ts';
import { createContentReader } from '../file-content.ts';
import { treeBatches } from '../tree-walk.ts';

export interface DatabaseDump {
  readonly evidence: Evidence;
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** True for the path of a snapshot that a database was backed up to. */
function isDatabaseFolder(path: string): boolean {
  return path.startsWith('/postgres/');
}

/** Codes `not-found` when the snapshot holds no database, `corrupt` when parts of it are missing. */
export async function dumpDatabase(
  repository: Repository,
  options: { readonly snapshot: string; readonly filter?: Omit<SnapshotFilter, 'ids'> },
  context: Context,
): Promise<DatabaseDump> {
  const { snapshot } = await findSnapshot(repository, options.snapshot, options.filter);
  const folder = snapshot.paths.find(isDatabaseFolder);
  if (folder === undefined) {
    throw new HoldfastError('not-found', 'the snapshot holds no database', {
      hint: '`holdfast ls` shows what it holds; `holdfast dump SNAPSHOT PATH` writes a file of it',
    });
  }
  await repository.loadIndex();
  const tree = await findSubtree(repository, rootOf(snapshot), folder);
  const nodes = new Map<string, Node>();
  for await (const batch of treeBatches(repository, tree)) {
    for (const node of batch) nodes.set(Buffer.from(node.name).toString(), node);
  }
  const content = createContentReader(repository, context);
  const read = (name: string): AsyncGenerator<Uint8Array> => {
    const node = nodes.get(name);
    if (!node) throw new HoldfastError('corrupt', `${folder}/${name} is missing in the snapshot`);
    return content.read(node, `${folder}/${name}`);
  };
  const evidence = decodeEvidence(Buffer.concat(await Array.fromAsync(read(evidenceName))));
  for (const { name } of evidence.parts) {
    if (!nodes.has(name)) throw new HoldfastError('corrupt', `${folder}/${name} is missing in the snapshot`);
  }
  return { evidence, bytes: joined(evidence, read) };
}

/**
 * The word that shuts psql's own commands out of the data was made plain to be stored: whoever wrote to the database
 * could know it, so each dump gets a new one.
 */
async function* joined(
  { parts }: Evidence,
  read: (name: string) => AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, void> {
  const word = randomBytes(32).toString('hex');
  const fresh = (text: Uint8Array, command: 'restrict' | 'unrestrict'): Uint8Array => {
    const line = `\n\\${command} ${plainRestrictWord}\n`;
    const whole = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
    const at = command === 'restrict' ? whole.indexOf(line) : whole.lastIndexOf(line);
    if (at < 0) return text;
    const changed = Buffer.from(`\n\\${command} ${word}\n`);
    return Buffer.concat([text.subarray(0, at), changed, text.subarray(at + line.length)]);
  };
  for (const [i, { name }] of parts.entries()) {
    let first = i === 0;
    /** the end of the last part, held back */
    let tail: Uint8Array = new Uint8Array(0);
    for await (const piece of read(name)) {
      let bytes = piece;
      if (first) bytes = fresh(bytes, 'restrict');
      first = false;
      if (i < parts.length - 1) {
        yield bytes;
        continue;
      }
      const all = Buffer.concat([tail, bytes]);
      const kept = Math.min(all.length, tailSize);
      if (all.length > kept) yield all.subarray(0, all.length - kept);
      tail = all.subarray(all.length - kept);
    }
    if (tail.length > 0) yield fresh(tail, 'unrestrict');
  }
}

/** The line at the end of a dump lies within so many bytes. */
const tailSize = 4096;
