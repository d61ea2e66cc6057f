/** Restores a tar archive into a folder. No name in it leads out of the folder, and no symlink is followed. */
import { hasCode, HoldfastError, messageOf, throwIfAborted } from '../../kernel/errors.ts';
import type { DirectoryHandle } from '../../kernel/native/directory-handle.ts';
import { shownPath } from '../../kernel/native/directory-handle.ts';
import { showPath } from '../../kernel/native/system-error.ts';
import { isDot, joinPath, pathComponents } from '../files/path.ts';
import type { RestoreFilter } from '../files/restore-filter.ts';
import {
  applyToEntry,
  applyToFile,
  type MetadataPolicy,
  type RestoredMetadata,
} from '../files/target/apply-metadata.ts';
import {
  createHardLink,
  createSpecial,
  createSymlink,
  ensureDirectories,
  ensureDirectory,
} from '../files/target/create.ts';
import { type FileTarget, openFileTarget } from '../files/target/file-target.ts';
import { mayOverwrite, type OverwritePolicy } from '../files/target/overwrite.ts';
import { isSafeName } from '../files/target/safe-name.ts';
import { createFile, writeAt } from '../files/target/write-file.ts';
import { groupPermissions } from './acl.ts';
import { accessAcl, attributesOfRecords } from './attributes.ts';
import { deviceOfNumbers } from './device-number.ts';
import { readTar, type TarMember } from './read-tar.ts';

export interface ExtractOptions {
  /** raw path of a directory, made when it is missing */
  readonly target: Uint8Array;
  /** which entries are taken; their paths begin with a slash there */
  readonly filter: RestoreFilter;
  readonly overwrite: OverwritePolicy;
  readonly policy: MetadataPolicy;
  /** say what would be restored, and touch nothing */
  readonly dryRun: boolean;
  /** an entry is not restored, or not as it should be */
  problem(path: Uint8Array, message: string): void;
  restored?(path: Uint8Array, type: TarMember['type'], size: number): void;
  warn(message: string): void;
}

export interface ExtractTally {
  files: number;
  directories: number;
  others: number;
  /** of the files' content */
  bytes: number;
  /** left alone because of what stands there */
  skipped: number;
  errors: number;
}

interface Place {
  /** below the target, clean */
  readonly path: Uint8Array;
  /** empty for the target itself */
  readonly parent: Uint8Array;
  readonly name: Uint8Array;
}

/**
 * Restores everything that the filter takes. What is wrong with one entry is told and counted; codes `corrupt`,
 * `truncated`, `disk-full`, `interrupted` and what opens no target are thrown, and what was restored by then stays.
 */
export async function extractTar(
  bytes: AsyncIterable<Uint8Array>,
  options: ExtractOptions,
  signal: AbortSignal,
): Promise<ExtractTally> {
  const tally: ExtractTally = { files: 0, directories: 0, others: 0, bytes: 0, skipped: 0, errors: 0 };
  using target = options.dryRun ? undefined : openFileTarget(options.target, { create: true });
  /** to be finished when everything in them is there */
  const directories: { readonly place: Place; readonly metadata: RestoredMetadata }[] = [];
  const failed = (path: Uint8Array, error: unknown): void => {
    if (hasCode(error, 'disk-full', 'interrupted')) throw error;
    tally.errors++;
    options.problem(path, messageOf(error));
  };
  for await (const member of readTar(bytes, (message) => options.warn(message))) {
    throwIfAborted(signal);
    const place = placeOf(member.name);
    if (!place) {
      failed(
        member.name,
        new HoldfastError('corrupt', 'its name leads out of the folder; it is not restored'),
      );
    } else if (place.name.length > 0 && isTaken(options.filter, place.path)) {
      const archive: { fault?: unknown } = {};
      try {
        if (target && !(await restoreEntry(target, watched(member, archive), place, options))) {
          tally.skipped++;
          continue;
        }
        if (member.type === 'dir') directories.push({ place, metadata: metadataOf(member, options) });
        count(tally, member);
        options.restored?.(place.path, member.type, member.size);
      } catch (error) {
        // what the archive itself has wrong concerns everything behind it
        if (archive.fault !== undefined) throw error;
        failed(place.path, error);
      }
    }
  }
  // the deepest first: what is done inside changes the times of what is around
  directories.sort((a, b) => b.place.path.length - a.place.path.length);
  for (const { place, metadata } of target ? directories : []) {
    try {
      applyToEntry(target!, target!.directory(place.parent), place.name, 'dir', metadata, options.policy);
    } catch (error) {
      failed(place.path, error);
    }
  }
  return tally;
}

function watched(member: TarMember, archive: { fault?: unknown }): TarMember {
  return {
    ...member,
    async *content() {
      const pieces = member.content()[Symbol.asyncIterator]();
      for (;;) {
        const next = await pieces.next().catch((error: unknown) => {
          archive.fault = error;
          throw error;
        });
        if (next.done) return;
        yield next.value;
      }
    },
  };
}

/** Undefined for a name that leads out of the folder; `/` at its beginning and `.` within mean nothing. */
function placeOf(raw: Uint8Array): Place | undefined {
  const parts = pathComponents(raw).filter((part) => !isDot(part));
  if (!parts.every(isSafeName)) return undefined;
  const parent = parts.slice(0, -1).reduce<Uint8Array>(below, new Uint8Array(0));
  const name = parts.at(-1) ?? new Uint8Array(0);
  return { path: below(parent, name), parent, name };
}

function below(directory: Uint8Array, name: Uint8Array): Uint8Array {
  return directory.length === 0 ? name : joinPath(directory, name);
}

function isTaken(filter: RestoreFilter, path: Uint8Array): boolean {
  if (filter.everything) return true;
  let state = filter.root;
  for (const part of pathComponents(path)) state = filter.enter(state, part);
  return state.selected;
}

/** False when what stands there is left alone. */
async function restoreEntry(
  target: FileTarget,
  member: TarMember,
  place: Place,
  options: ExtractOptions,
): Promise<boolean> {
  const { type, mtime, size } = member;
  const parent = openParent(target, place.parent);
  const { name } = place;
  if (type === 'dir') {
    ensureDirectory(target, parent, name);
    return true;
  }
  if (options.overwrite !== 'always') {
    if (!mayOverwrite(options.overwrite, target.stat(parent, name), { size, mtime })) return false;
  }
  if (type === 'link') {
    const first = placeOf(member.linkname);
    if (!first) throw new HoldfastError('corrupt', 'it is a link to what lies outside of the folder');
    linkTo(target, first, place);
    return true;
  }
  if (type === 'file') {
    await restoreFile(target, parent, member, name, options);
    return true;
  }
  if (type === 'symlink') createSymlink(target, parent, name, member.linkname);
  else createSpecial(target, parent, name, type, deviceOfNumbers(member.device));
  const kind = type === 'symlink' ? 'symlink' : 'other';
  applyToEntry(target, parent, name, kind, metadataOf(member, options), options.policy);
  return true;
}

/** Another name of a file that came before, if that was restored. */
function linkTo(target: FileTarget, first: Place, place: Place): void {
  let from: DirectoryHandle | undefined;
  try {
    from = target.directory(first.parent);
  } catch (error) {
    if (!hasCode(error, 'not-found')) throw error;
  }
  if (!from || !target.stat(from, first.name)) {
    const name = showPath(first.path);
    throw new HoldfastError('not-found', `it is another name of ${name}, which is to be restored as well`);
  }
  // both are asked for at once: opening one may close another
  const parent = openParent(target, place.parent);
  const again = { parent: target.directory(first.parent), name: first.name };
  createHardLink(target, again, parent, place.name);
}

async function restoreFile(
  target: FileTarget,
  parent: DirectoryHandle,
  member: TarMember,
  name: Uint8Array,
  options: ExtractOptions,
): Promise<void> {
  const { size, sparse } = member;
  const path = shownPath(parent, name);
  const fd = createFile(target, parent, name, { size, sparse, keepContent: false, removeDirectories: false });
  let whole = false;
  try {
    for await (const { position, bytes } of member.content()) {
      writeAt(fd, path, bytes, 0, bytes.length, position, false);
    }
    whole = true;
  } finally {
    // half a file must not look like the whole one
    const known = whole ? {} : { keepTimes: true };
    try {
      applyToFile(target, fd, path, metadataOf(member, options), options.policy, known);
    } finally {
      target.calls.closeFile(fd);
    }
  }
}

/** The folder that an entry belongs in; what is missing on the way is made, and what is in the way goes. */
function openParent(target: FileTarget, parent: Uint8Array): DirectoryHandle {
  try {
    return target.directory(parent);
  } catch (error) {
    if (!hasCode(error, 'not-found', 'failed')) throw error;
    ensureDirectories(target, parent);
    return target.directory(parent);
  }
}

function metadataOf(member: TarMember, options: ExtractOptions): RestoredMetadata {
  const { mode, uid, gid, uname, gname, mtime, records } = member;
  const xattrs = attributesOfRecords(records, (message) => options.warn(message));
  const acl = xattrs.find(({ name }) => name === accessAcl)?.value;
  const permissions = acl ? (mode & ~0o070) | (groupPermissions(acl) << 3) : mode;
  return { permissions, uid, gid, user: uname, group: gname, atime: mtime, mtime, xattrs };
}

function count(tally: ExtractTally, { type, size }: TarMember): void {
  if (type === 'dir') tally.directories++;
  else if (type === 'file') tally.files++;
  else tally.others++;
  tally.bytes += size;
}
