/** Small repositories in memory, written by the real writer, for the tests of the verbs. */
import { createContext } from '../kernel/context.ts';
import { fromHex, toHex } from '../kernel/hex.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { goMode } from '../vaults/repository/format/go-mode.ts';
import type { Node, Time } from '../vaults/repository/format/node.ts';
import { encodeSnapshot, type Snapshot } from '../vaults/repository/format/snapshot.ts';
import { TreeEncoder } from '../vaults/repository/format/tree.ts';
import { initRepository } from '../vaults/repository/init.ts';
import type { Repository } from '../vaults/repository/repository.ts';
import { createBlobWriter, type BlobWriter, type BlobWriterOptions } from '../vaults/repository/writer.ts';

/** A file as its content, or as a list with the content of each blob; a directory as an object; or any node by its fields. */
export type TestEntry = string | readonly string[] | TestFolder | { readonly node: Partial<Node> };
export interface TestFolder {
  readonly [name: string]: TestEntry;
}

const someTime: Time = { sec: 1_700_000_000, nsec: 123_000_000, offset: 60 };

/** An empty repository; opening costs no scrypt of a person's password. */
export async function smallRepository(
  storage: Storage = createMemoryStorage(),
  options: { version?: 1 | 2 } = {},
): Promise<Repository> {
  return initRepository(storage, Buffer.from('test'), { cost: 'random-key', chunker: 'rabin', ...options });
}

/** A node with everything that a tree needs. */
export function testNode(name: string, fields: Partial<Node>): Node {
  return {
    name: Buffer.from(name),
    type: 'file',
    mode: 0o644,
    mtime: someTime,
    atime: someTime,
    ctime: someTime,
    uid: 1000,
    gid: 1000,
    user: 'user',
    group: 'group',
    inode: 1n,
    deviceId: 0n,
    size: 0,
    links: 1,
    linktarget: undefined,
    xattrs: [],
    genericAttributes: undefined,
    device: 0n,
    content: undefined,
    subtree: undefined,
    error: '',
    ...fields,
  };
}

/** Writes a folder with all below it; resolves to the id of its tree. */
export async function writeTree(writer: BlobWriter, folder: TestFolder): Promise<Uint8Array> {
  const encoder = new TreeEncoder();
  const names = Object.keys(folder).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  for (const name of names) encoder.add(testNode(name, await entryFields(writer, folder[name]!)));
  return (await writer.put('tree', encoder.finish())).id;
}

async function entryFields(writer: BlobWriter, entry: TestEntry): Promise<Partial<Node>> {
  if (typeof entry === 'string' || Array.isArray(entry)) {
    const blobs = typeof entry === 'string' ? (entry === '' ? [] : [entry]) : (entry as readonly string[]);
    const ids: Uint8Array[] = [];
    for (const blob of blobs) ids.push((await writer.put('data', Buffer.from(blob))).id);
    return { content: Buffer.concat(ids), size: Buffer.byteLength(blobs.join('')) };
  }
  if ('node' in entry && entry.node) return entry.node as Partial<Node>;
  const subtree = await writeTree(writer, entry as TestFolder);
  return { type: 'dir', mode: (goMode.dir | 0o755) >>> 0, subtree, links: 0 };
}

/** Writes a folder and a snapshot of it in packs of their own; resolves to the snapshot's id. */
export async function addSnapshot(
  repository: Repository,
  folder: TestFolder,
  fields: Partial<Snapshot> = {},
  options: BlobWriterOptions = {},
): Promise<string> {
  const writer = await createBlobWriter(repository, options, createContext());
  const tree = await writeTree(writer, folder);
  await writer.finish();
  return writeSnapshot(repository, { tree: toHex(tree), ...fields });
}

/** Writes a snapshot file alone. */
export async function writeSnapshot(repository: Repository, fields: Partial<Snapshot>): Promise<string> {
  const snapshot: Omit<Snapshot, 'timeMs'> = {
    time: '2024-05-01T12:00:00.5+02:00',
    parent: undefined,
    tree: '',
    paths: ['/data'],
    hostname: 'host',
    username: 'user',
    uid: 1000,
    gid: 1000,
    excludes: [],
    tags: [],
    original: undefined,
    programVersion: 'holdfast test',
    summary: undefined,
    ...fields,
  };
  return repository.writeFile('snapshot', encodeSnapshot(snapshot));
}

/** The id of a snapshot's tree. */
export async function treeOf(repository: Repository, snapshot: string): Promise<Uint8Array> {
  return fromHex((await repository.readSnapshot(snapshot)).tree)!;
}

/** The ids of all files of a kind, sorted. */
export async function idsOf(
  repository: Repository,
  kind: Parameters<Repository['list']>[0],
): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of repository.list(kind)) ids.push(id);
  return ids.sort();
}
