/** A folder of a snapshot as a tar archive, as restic dumps it: files, folders and links, with ACLs and extended attributes. */
import type { Context } from '../kernel/context.ts';
import { textToPath } from '../sources/files/path-text.ts';
import { fromGoMode } from '../vaults/repository/format/go-mode.ts';
import type { ExtendedAttribute } from '../vaults/repository/format/node.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { formatAcl } from './dump-acl.ts';
import { encodeTarHeader, paddingOf, tarBlock } from './dump-tar-header.ts';
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

function attributeRecords(xattrs: readonly ExtendedAttribute[]): Map<string, Uint8Array> {
  const records = new Map<string, Uint8Array>();
  for (const { name, value } of xattrs) {
    const acl = aclKeys[name];
    const text = acl && formatAcl(value);
    if (acl) {
      if (text !== undefined) records.set(acl, Buffer.from(text));
    } else if (!name.includes('=') && !name.includes('\0')) {
      records.set(`SCHILY.xattr.${name}`, value);
    }
  }
  return records;
}

const aclKeys: Readonly<Record<string, string>> = {
  'system.posix_acl_access': 'SCHILY.acl.access',
  'system.posix_acl_default': 'SCHILY.acl.default',
};
