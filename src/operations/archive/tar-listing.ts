/** What is in the tar of an archive, and in what two of them differ. */
import { createHash } from 'node:crypto';
import type { Context } from '../../kernel/context.ts';
import { readTar, type TarMember } from '../../sources/tar/read-tar.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { openArtefact } from '../../vaults/archive/reader.ts';

export interface TarEntry {
  /** absolute, as in snapshots of repositories; bytes that are no UTF-8 are replaced */
  readonly path: string;
  readonly type: TarMember['type'];
  /** permission bits */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** bytes of a file */
  readonly size: number;
  /** milliseconds since 1970 */
  readonly modified: number;
  /** where a link leads */
  readonly target: string;
}

/** In the order of the tar, which is read to its end. Codes of the reader, `corrupt`, `truncated`. */
export async function* listTar(
  archive: Archive,
  artefact: StoredArtefact,
  context: Context,
): AsyncGenerator<TarEntry, void, void> {
  for await (const member of membersOf(archive, artefact, context)) yield entryOf(member);
}

export interface TarChange {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'content' | 'type' | 'metadata';
  readonly before: number | undefined;
  readonly after: number | undefined;
}

interface Seen {
  readonly entry: TarEntry;
  /** SHA-256 of a file's content, or where a link leads */
  readonly content: string;
}

/** In the order of paths. Both are read to their ends; a record of some hundred bytes is held for each entry. */
export async function diffTars(
  archive: Archive,
  from: StoredArtefact,
  to: StoredArtefact,
  context: Context,
): Promise<readonly TarChange[]> {
  const before = await summarise(archive, from, context);
  const after = await summarise(archive, to, context);
  const changes: TarChange[] = [];
  for (const path of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const [was, is] = [before.get(path), after.get(path)];
    const change = changeOf(was, is);
    if (change) changes.push({ path, change, before: was?.entry.size, after: is?.entry.size });
  }
  return changes;
}

function changeOf(was: Seen | undefined, is: Seen | undefined): TarChange['change'] | undefined {
  if (!was || !is) return was ? 'removed' : 'added';
  if (was.entry.type !== is.entry.type) return 'type';
  if (was.content !== is.content) return 'content';
  const { mode, uid, gid, modified } = was.entry;
  const other = is.entry;
  const same = mode === other.mode && uid === other.uid && gid === other.gid && modified === other.modified;
  return same ? undefined : 'metadata';
}

async function summarise(
  archive: Archive,
  artefact: StoredArtefact,
  context: Context,
): Promise<Map<string, Seen>> {
  const seen = new Map<string, Seen>();
  for await (const member of membersOf(archive, artefact, context)) {
    const entry = entryOf(member);
    let content = entry.target;
    if (entry.type === 'file') {
      const hash = createHash('sha256');
      for await (const { position, bytes } of member.content()) hash.update(`${position} `).update(bytes);
      content = `${entry.size} ${hash.digest('base64')}`;
    }
    seen.set(entry.path, { entry, content });
  }
  return seen;
}

function membersOf(
  archive: Archive,
  artefact: StoredArtefact,
  { signal, warn }: Context,
): AsyncIterable<TarMember> {
  return readTar(openArtefact(archive, artefact, signal), (message) => warn(message));
}

function entryOf({ name, type, mode, uid, gid, size, mtime, linkname }: TarMember): TarEntry {
  const path = Buffer.from(name).toString().replace(/\/+$/, '');
  return {
    path: `/${path.replace(/^\/+/, '')}`,
    ...{ type, mode: mode & 0o7777, uid, gid, size },
    modified: mtime.sec * 1000 + mtime.nsec / 1e6,
    target: Buffer.from(linkname).toString(),
  };
}
