/** Stores the directories above the sources, which only the snapshot puts together, with what the workers find in them. */
import { ByteWriter, equalBytes } from '../../kernel/bytes.ts';
import { RECORD_BYTES, setRecordName, StatRecords } from '../../kernel/native/stat-record.ts';
import { messageOf } from '../../kernel/errors.ts';
import { statPath, type ListingData } from '../../sources/files/listing.ts';
import { type MetadataOptions, readMetadata } from '../../sources/files/metadata.ts';
import { absolutePath, directoryName, joinPath } from '../../sources/files/path.ts';
import type { TargetNode } from '../../sources/files/target-tree.ts';
import { toGoMode } from '../../vaults/repository/format/go-mode.ts';
import type { Node } from '../../vaults/repository/format/node.ts';
import { localOffset } from '../../vaults/repository/format/time.ts';
import { encodeNode } from '../../vaults/repository/format/tree.ts';
import type { Repository } from '../../vaults/repository/repository.ts';
import { sameNode } from '../node-equality.ts';
import type { Leader, StoredTree } from './leader.ts';
import type { CounterName, EncodedNodes, ItemEvent } from './protocol.ts';

export interface LayoutParts {
  readonly repository: Repository;
  readonly leader: Leader;
  readonly workingDirectory: Uint8Array;
  readonly withAtime: boolean;
  /** report every directory */
  readonly detail: boolean;
  report(event: ItemEvent): void;
  count(name: CounterName, by: number): void;
}

/** What is said of a directory that only leads to a source. */
const noSizes = {
  kind: 'stored',
  isDirectory: true,
  seconds: 0,
  dataSize: 0,
  dataSizeInRepo: 0,
  metadataSize: 0,
  metadataSizeInRepo: 0,
} as const;

/** Stores the whole tree below `root`; the id of the snapshot's tree, and whether there is anything in it. */
export async function storeTargets(
  parts: LayoutParts,
  root: TargetNode,
  previousTree: Uint8Array | undefined,
): Promise<StoredTree & { readonly isEmpty: boolean }> {
  const { leader, repository } = parts;
  const metadata: MetadataOptions = {
    toMode: toGoMode,
    offsetOf: localOffset,
    withAtime: parts.withAtime,
    lenientAttributes: true,
    problem: (path, error) => problem(path, error),
  };

  function problem(path: Uint8Array, error: unknown): void {
    parts.report({ kind: 'problem', path, message: messageOf(error), lost: true });
  }

  async function previousNodes(id: Uint8Array | undefined): Promise<Node[]> {
    if (!id) return [];
    try {
      return await repository.readTree(id);
    } catch (error) {
      problem(Buffer.from('/'), error);
      return [];
    }
  }

  async function storeLeaf(
    node: TargetNode,
    snapshotPath: Uint8Array,
    previous: Uint8Array | undefined,
  ): Promise<EncodedNodes | undefined> {
    const path = absolutePath(node.path!, parts.workingDirectory);
    let listing: ListingData;
    try {
      listing = renamed(statPath(path).data, node.name);
    } catch (error) {
      problem(path, error);
      return undefined;
    }
    return leader.visit({
      path: directoryName(path),
      snapshotPath,
      listing,
      entryPath: path,
      ahead: undefined,
      explicit: node.explicit,
      previous,
    });
  }

  async function storeDirectory(
    node: TargetNode,
    snapshotPath: Uint8Array,
    old: Node | undefined,
  ): Promise<EncodedNodes | undefined> {
    const path = absolutePath(node.metadataPath!, parts.workingDirectory);
    let made: Node;
    try {
      const stat = statPath(path, { follow: true });
      made = { ...readMetadata(stat, 0, path, metadata), name: node.name };
      if (made.type !== 'dir') throw new Error('it is not a directory');
    } catch (error) {
      problem(path, error);
      return undefined;
    }
    const tree = await storeChildren(node, snapshotPath, old?.type === 'dir' ? old.subtree : undefined);
    made.subtree = tree.id;
    const action = !old ? 'new' : sameNode(old, made) ? 'unmodified' : 'changed';
    parts.count(action === 'new' ? 'dirsNew' : action === 'changed' ? 'dirsChanged' : 'dirsUnmodified', 1);
    if (parts.detail) parts.report({ ...noSizes, action, path: joinPath(snapshotPath, new Uint8Array(0)) });
    const writer = new ByteWriter();
    encodeNode(writer, made);
    return writer.view().slice() as EncodedNodes;
  }

  async function storeChildren(
    node: TargetNode,
    snapshotPath: Uint8Array,
    previous: Uint8Array | undefined,
  ): Promise<StoredTree & { isEmpty: boolean }> {
    const old = await previousNodes(previous);
    const nodes = await Promise.all(
      node.children.map((child) =>
        child.path
          ? storeLeaf(child, snapshotPath, previous)
          : storeDirectory(
              child,
              joinPath(snapshotPath, child.name),
              old.find(({ name }) => equalBytes(name, child.name)),
            ),
      ),
    );
    const found = nodes.filter((encoded) => encoded !== undefined && encoded.length > 0) as EncodedNodes[];
    return { ...(await leader.storeTree(found)), isEmpty: found.length === 0 };
  }

  return storeChildren(root, Buffer.from('/'), previousTree);
}

/** A listing of one entry under another name. */
function renamed(data: ListingData, name: Uint8Array): ListingData {
  const records = data.records.slice(0, RECORD_BYTES);
  setRecordName(new Int32Array(records), 0, 0, name.length, new StatRecords(records).error(0));
  const names = new Uint8Array(name.length + 1);
  names.set(name);
  return { records, names };
}
