/**
 * The rows of a large table stand in pieces, each in a folder of its own: lists of blocks are as long as tables are
 * large, and a folder that did not change from one night to the next has its list in the repository already.
 *
 *   2-data.public.orders.0001.sql -> pieces/2-data.public.orders/0001/rows.sql
 *
 * So the files of a restored folder, in the order of their names, are the dump all the same.
 */
import type { Context } from '../kernel/context.ts';
import { HoldfastError, throwIfAborted } from '../kernel/errors.ts';
import { mapParallel } from '../kernel/parallel.ts';
import type { Node } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { subtreeOf } from './tree-walk.ts';

export const piecesFolder = 'pieces';
export const pieceFile = 'rows.sql';

export interface TablePiece {
  /** ids of blocks, 32 bytes each */
  readonly content: Uint8Array;
  /** bytes */
  readonly size: number;
}

/** Content of fewer blocks stays one file. */
const fewBlocks = 1024;
const leastBlocks = 64;
const mostBlocks = 1024;
const piecesAtOnce = 8;

/**
 * Cuts behind blocks whose own id says so, one in 256: what changes in one piece leaves the others as they are.
 * @param sizes bytes of each block
 */
export function cutIntoPieces(content: Uint8Array, sizes: Uint32Array): TablePiece[] {
  const pieces: TablePiece[] = [];
  let start = 0;
  let size = 0;
  for (let i = 0; i < sizes.length; i++) {
    size += sizes[i]!;
    const count = i + 1 - start;
    const ends = count >= mostBlocks || (count >= leastBlocks && content[i * 32] === 0);
    if (i + 1 < sizes.length && (sizes.length < fewBlocks || !ends)) continue;
    pieces.push({ content: content.slice(start * 32, (i + 1) * 32), size });
    start = i + 1;
    size = 0;
  }
  return pieces;
}

/** `NAME.sql` as the folder of its pieces. */
export function folderOfPieces(name: string): string {
  return name.replace(/\.sql$/, '');
}

/** The name of a piece, and of the link to it: in the order of these names they are the whole. */
export function namesOfPiece(name: string, index: number): { folder: string; link: string } {
  const folder = String(index + 1).padStart(5, '0');
  return { folder, link: `${folderOfPieces(name)}.${folder}.sql` };
}

/** The pieces of a file as if it was one; undefined when there are none. `pieces` is the tree of all pieces. */
export async function joinPieces(
  repository: Repository,
  pieces: readonly Node[],
  name: string,
  context: Context,
): Promise<Node | undefined> {
  const own = pieces.find((node) => Buffer.from(node.name).toString() === folderOfPieces(name));
  if (!own) return undefined;
  const read = async (folder: Node): Promise<Node> => {
    throwIfAborted(context.signal);
    const path = `${piecesFolder}/${folderOfPieces(name)}/${Buffer.from(folder.name).toString()}`;
    const nodes = await repository.readTree(subtreeOf(folder, path));
    const file = nodes.find((node) => Buffer.from(node.name).toString() === pieceFile);
    if (!file) throw new HoldfastError('corrupt', `${path}/${pieceFile} is missing in the snapshot`);
    return file;
  };
  const folders = await repository.readTree(subtreeOf(own, `${piecesFolder}/${folderOfPieces(name)}`));
  const files = await Array.fromAsync(mapParallel(folders, piecesAtOnce, read));
  return {
    ...own,
    type: 'file',
    name: Buffer.from(name),
    size: files.reduce((sum, file) => sum + file.size, 0),
    content: new Uint8Array(Buffer.concat(files.map((file) => file.content ?? new Uint8Array(0)))),
    subtree: undefined,
  };
}
