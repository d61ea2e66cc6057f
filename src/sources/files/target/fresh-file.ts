/** The common case of a restore in as few calls as can be: a file that is not there yet and is written in one go. */
import { constants } from 'node:fs';
import { listAttributesOf } from '../../../kernel/native/xattr.ts';
import type { DirectoryHandle } from '../../../kernel/native/directory-handle.ts';
import { RECORD_BYTES, StatRecords } from '../../../kernel/native/stat-record.ts';
import { type KnownState, type MetadataPolicy, type RestoredMetadata } from './apply-metadata.ts';
import type { FileTarget } from './file-target.ts';
import { checkName } from './safe-name.ts';

const { O_WRONLY, O_CREAT, O_EXCL } = constants;
const SYSTEM_LABEL = 'security.selinux';

/** What a new file in a directory has by itself. */
export interface FreshDefaults {
  /** undefined when the file system may decide otherwise */
  readonly owner: { readonly uid: number; readonly gid: number } | undefined;
  /** no ACL is handed down, so that the umask alone decides about the mode */
  readonly plain: boolean;
}

/** Asks once what files that are made in the directory begin with. */
export function freshDefaults(target: FileTarget, directory: DirectoryHandle): FreshDefaults {
  const words = new Int32Array(RECORD_BYTES / 4);
  const uid = process.geteuid?.();
  const gid = process.getegid?.();
  if (uid === undefined || gid === undefined || target.calls.statFile(directory.fd, words) < 0) {
    return { owner: undefined, plain: false };
  }
  const stat = new StatRecords(words.buffer);
  // setgid, and some mount options, hand the group of the directory down
  const own = stat.gid(0) === gid;
  const attributes = listAttributesOf(directory.fd, directory.path);
  return {
    owner: own ? { uid, gid } : undefined,
    plain: attributes.every((name) => Buffer.from(name).toString() === SYSTEM_LABEL),
  };
}

export interface FreshFile {
  readonly fd: number;
  readonly known: KnownState;
}

/**
 * Creates a file with the mode that it shall have in the end where nothing about it has to change afterwards, and
 * else with 0600. Undefined when something is there, or it cannot be created: `createFile` knows what to do, or says why.
 */
export function createFresh(
  target: FileTarget,
  directory: DirectoryHandle,
  name: Uint8Array,
  defaults: FreshDefaults,
  metadata: RestoredMetadata,
  policy: MetadataPolicy,
  umask: number,
): FreshFile | undefined {
  checkName(name);
  const { owner, plain } = defaults;
  const { permissions, uid, gid } = metadata;
  const final =
    plain &&
    !policy.ownershipByName &&
    metadata.xattrs.length === 0 &&
    owner?.uid === uid &&
    owner.gid === gid &&
    (permissions & (umask | 0o7000)) === 0;
  const mode = final ? permissions : 0o600;
  const fd = target.calls.open(directory, name, O_CREAT | O_EXCL | O_WRONLY, mode);
  if (fd < 0) return undefined;
  const known: KnownState = { ...(owner && { owner }), withoutAttributes: plain };
  return { fd, known: final ? { ...known, permissions } : known };
}
