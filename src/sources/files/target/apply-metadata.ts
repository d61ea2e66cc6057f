/** Gives restored entries their owner, attributes, times and mode, in the order in which none undoes another. */
import { constants } from 'node:fs';
import { hasCode } from '../../../kernel/errors.ts';
import { type Accounts, createAccounts } from '../../../kernel/native/accounts.ts';
import { type DirectoryHandle, pathThrough, shownPath } from '../../../kernel/native/directory-handle.ts';
import type { FileTimes } from '../../../kernel/native/directory-calls.ts';
import { checkResult, systemError } from '../../../kernel/native/system-error.ts';
import {
  type Attribute,
  attributesSupported,
  listAttributes,
  listAttributesOf,
  removeAttribute,
  removeAttributeOf,
  setAttribute,
  setAttributeOf,
} from '../../../kernel/native/xattr.ts';
import type { FileTarget } from './file-target.ts';
import { checkName } from './safe-name.ts';

export interface RestoredMetadata extends FileTimes {
  /** 12 bits: rwx for all, setuid, setgid, sticky */
  readonly permissions: number;
  readonly uid: number;
  readonly gid: number;
  readonly user: string;
  readonly group: string;
  readonly xattrs: readonly Attribute[];
}

export interface MetadataPolicy {
  /** look owner and group up by their names here, instead of taking the numbers */
  readonly ownershipByName: boolean;
  /** which attributes are set, and removed when they should not be there; undefined for all */
  readonly attributes: ((name: string) => boolean) | undefined;
}

/** What is known of an open file, so that what is right already costs no call. */
export interface KnownState {
  /** the file's owner and group now */
  readonly owner?: { readonly uid: number; readonly gid: number };
  /** its 12 mode bits now */
  readonly permissions?: number;
  /** it has no extended attributes now */
  readonly withoutAttributes?: boolean;
  /** its times shall stay: of a file whose content is not right they would say that it is */
  readonly keepTimes?: boolean;
}

const EPERM = -1;
const EACCES = -13;
/** kept by the system's policy, not by backups: may be there on every file and may not be removed */
const SYSTEM_LABEL = 'security.selinux';

let accounts: Accounts | undefined;

/**
 * Applies metadata to an open regular file, last of all that is done to it. `known` spares calls.
 * @param path raw, for messages
 * @throws HoldfastError the first thing that failed, after the others were tried; what only root may do is no error for others
 */
export function applyToFile(
  target: FileTarget,
  fd: number,
  path: Uint8Array,
  metadata: RestoredMetadata,
  policy: MetadataPolicy,
  known: KnownState = {},
): void {
  const { calls } = target;
  const steps = firstError();
  const { uid, gid } = ownerOf(metadata, policy);
  const ownerStays = known.owner?.uid === uid && known.owner.gid === gid;
  if (!ownerStays) steps.run(() => tolerant('change owner of', path, calls.chown(fd, uid, gid)));
  const plain = known.withoutAttributes === true && metadata.xattrs.length === 0;
  if (!plain) {
    steps.run(() =>
      applyAttributes(metadata.xattrs, policy, {
        list: () => listAttributesOf(fd, path),
        set: (attribute) => setAttributeOf(fd, path, attribute),
        remove: (name) => removeAttributeOf(fd, path, name),
      }),
    );
  }
  if (known.keepTimes !== true) {
    steps.run(() => tolerant('set times of', path, calls.setTimes(fd, metadata)));
  }
  // a change of owner takes setuid and setgid away, an ACL changes the bits of the group
  if (!ownerStays || !plain || known.permissions !== metadata.permissions) {
    steps.run(() => tolerant('change mode of', path, calls.chmod(fd, metadata.permissions)));
  }
  steps.finish();
}

/**
 * Applies metadata to anything else by name. Directories come after everything inside them.
 * @param type what the snapshot says it is
 * @throws HoldfastError as `applyToFile`
 */
export function applyToEntry(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  type: 'file' | 'dir' | 'symlink' | 'other',
  metadata: RestoredMetadata,
  policy: MetadataPolicy,
): void {
  checkName(name);
  const { calls } = target;
  const path = shownPath(parent, name);
  if (type === 'dir' || type === 'file') {
    const fd = openForMetadata(target, parent, name, type);
    if (fd !== undefined) {
      try {
        applyToFile(target, fd, path, metadata, policy);
      } finally {
        calls.closeFile(fd);
      }
      return;
    }
  }
  const steps = firstError();
  const { uid, gid } = ownerOf(metadata, policy);
  const through = pathThrough(parent, name);
  steps.run(() => tolerant('change owner of', path, calls.chownAt(parent, name, uid, gid)));
  steps.run(() =>
    applyAttributes(metadata.xattrs, policy, {
      list: () => listAttributes(through),
      set: (attribute) => setAttribute(through, attribute),
      remove: (attribute) => removeAttribute(through, attribute),
    }),
  );
  steps.run(() => tolerant('set times of', path, calls.setTimesAt(parent, name, metadata)));
  if (type !== 'symlink') {
    steps.run(() => tolerant('change mode of', path, calls.chmodAt(parent, name, metadata.permissions)));
  }
  steps.finish();
}

/** A descriptor of a directory or file; undefined when it may not be read, so that it must be done by name. */
function openForMetadata(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  type: 'file' | 'dir',
): number | undefined {
  const kind = type === 'dir' ? constants.O_DIRECTORY : constants.O_NONBLOCK;
  const fd = target.calls.open(parent, name, constants.O_RDONLY | kind, 0);
  if (fd === EACCES) return undefined;
  return checkResult('open', shownPath(parent, name), fd);
}

interface AttributeCalls {
  list(): Uint8Array[];
  set(attribute: Attribute): boolean;
  remove(name: Uint8Array): void;
}

function applyAttributes(wanted: readonly Attribute[], policy: MetadataPolicy, calls: AttributeCalls): void {
  if (!attributesSupported) return;
  const selected = policy.attributes ? wanted.filter(({ name }) => policy.attributes!(name)) : wanted;
  for (const attribute of selected) unprivileged(() => calls.set(attribute));
  for (const raw of calls.list()) {
    const name = Buffer.from(raw).toString();
    if (name === SYSTEM_LABEL || selected.some((attribute) => attribute.name === name)) continue;
    if (policy.attributes?.(name) ?? true) unprivileged(() => calls.remove(raw));
  }
}

function ownerOf(metadata: RestoredMetadata, policy: MetadataPolicy): { uid: number; gid: number } {
  if (!policy.ownershipByName) return metadata;
  accounts ??= createAccounts();
  return { uid: accounts.userId(metadata.user) ?? 0, gid: accounts.groupId(metadata.group) ?? 0 };
}

const isRoot = () => process.geteuid?.() === 0;

/** What only root may do is left undone for others, as every restore by an ordinary user needs it. */
function tolerant(what: string, path: Uint8Array, result: number): void {
  if (result >= 0 || (!isRoot() && (result === EPERM || result === EACCES))) return;
  throw systemError(what, path, result);
}

function unprivileged(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    if (isRoot() || !hasCode(error, 'forbidden')) throw error;
  }
}

function firstError() {
  let first: unknown;
  let failed = false;
  return {
    run(step: () => void) {
      try {
        step();
      } catch (error) {
        first = failed ? first : error;
        failed = true;
      }
    },
    finish() {
      if (failed) throw first;
    },
  };
}
