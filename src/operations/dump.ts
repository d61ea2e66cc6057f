/** One file of a snapshot as it is, or a folder as a tar or zip archive: a stream of bytes in bounded memory. */
import type { Context } from '../kernel/context.ts';
import { HoldfastError } from '../kernel/errors.ts';
import { textToPath } from '../kernel/path-text.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { findSnapshot, type SnapshotFilter } from '../vaults/repository/snapshot-filter.ts';
import { findSubtree, rootOf, splitPath } from '../vaults/repository/tree-path.ts';
import { writeTar } from './dump-tar.ts';
import { writeZip } from './dump-zip.ts';
import { createContentReader } from './file-content.ts';
import { subtreeOf, treeBatches } from './tree-walk.ts';

export const archiveFormats = ['tar', 'zip'] as const;

export interface DumpOptions {
  /** `ID`, `latest`, or either with `:path` */
  readonly snapshot: string;
  /** for `latest` */
  readonly filter?: Omit<SnapshotFilter, 'ids'>;
  /** a file or a folder in the snapshot; `/` for all of it */
  readonly path: string;
  /** for a folder, default tar */
  readonly archive?: (typeof archiveFormats)[number];
}

export interface Dump {
  /** 'file' for the bytes of one file */
  readonly kind: 'file' | 'tar' | 'zip';
  readonly bytes: AsyncIterable<Uint8Array>;
}

/** Finds what is to be dumped before the first byte. Codes `not-found`, `corrupt`. */
export async function dump(repository: Repository, options: DumpOptions, context: Context): Promise<Dump> {
  const { snapshot, path: subfolder } = await findSnapshot(repository, options.snapshot, options.filter);
  await repository.loadIndex();
  let tree = await findSubtree(repository, rootOf(snapshot), subfolder);
  const parts = splitPath(options.path);
  const content = createContentReader(repository, context);
  let path = '';
  for (const [at, part] of parts.entries()) {
    path += `/${part}`;
    const node = await findChild(repository, tree, part);
    if (!node) {
      const hint = '`holdfast ls SNAPSHOT` lists what it holds';
      throw new HoldfastError('not-found', `path "${path}" not found in snapshot`, { hint });
    }
    const last = at === parts.length - 1;
    if (last && node.type === 'file') return { kind: 'file', bytes: content.read(node, path) };
    if (node.type !== 'dir') {
      const wanted = last ? 'file' : 'dir';
      throw new HoldfastError('not-found', `"${path}" should be a ${wanted}, but is a "${node.type}"`);
    }
    tree = subtreeOf(node, path);
  }
  const kind = options.archive ?? 'tar';
  const write = kind === 'tar' ? writeTar : writeZip;
  return { kind, bytes: write(repository, tree, path === '' ? '/' : path, content, context) };
}

async function findChild(repository: Repository, tree: Uint8Array, part: string): Promise<Node | undefined> {
  const name = textToPath(part);
  for await (const batch of treeBatches(repository, tree)) {
    const node = batch.find((candidate) => Buffer.compare(candidate.name, name) === 0);
    if (node) return node;
  }
  return undefined;
}
