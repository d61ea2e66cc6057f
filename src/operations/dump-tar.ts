/** A folder of a snapshot as a tar archive, as restic dumps it: files, folders and links, with ACLs and extended attributes. */
import type { Context } from '../kernel/context.ts';
import { textToPath } from '../kernel/path-text.ts';
import { fromGoMode } from '../vaults/repository/format/go-mode.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { attributeRecords } from '../sources/tar/attributes.ts';
import { encodeTarHeader, paddingOf, tarBlock } from '../sources/tar/header.ts';
import type { ContentReader } from './file-content.ts';
import { type TreeEntry, treeEntries } from './tree-entries.ts';

/** The archive of everything below `tree`; names are those in the snapshot, without the leading slash. */
export async function* writeTar(
  repository: Repository,
  tree: Uint8Array,
  rootPath: string,
  content: ContentReader,
  context: Context,
): AsyncGenerator<Uint8Array> {
  for await (const entry of treeEntries(repository, tree, rootPath, context)) {
    const header = headerOf(entry);
    if (!header) continue;
    yield header;
    const { node, path } = entry;
    if (node.type !== 'file') continue;
    yield* content.read(node, path);
    const padding = paddingOf(node.size);
    if (padding > 0) yield new Uint8Array(padding);
  }
  yield new Uint8Array(2 * tarBlock);
}

function headerOf({ path, node }: TreeEntry): Uint8Array | undefined {
  const { type } = node;
  if (type !== 'file' && type !== 'dir' && type !== 'symlink') return undefined;
  return encodeTarHeader({
    type,
    name: textToPath(path.slice(1) + (type === 'dir' ? '/' : '')),
    linkname: type === 'symlink' && node.linktarget ? node.linktarget : new Uint8Array(0),
    mode: fromGoMode(node.mode) & 0o7777,
    uid: node.uid,
    gid: node.gid,
    uname: node.user,
    gname: node.group,
    size: type === 'file' ? node.size : 0,
    mtime: node.mtime.sec + (node.mtime.nsec >= 500_000_000 ? 1 : 0),
    records: attributeRecords(node.xattrs),
  });
}
