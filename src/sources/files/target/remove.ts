/** Removing from the target: what is not in the snapshot (`--delete`), and trees that stand in the way. Symlinks are removed, not followed. */
import { readdirSync } from 'node:fs';
import { type DirectoryHandle, pathThrough, shownPath } from '../../../kernel/native/directory-handle.ts';
import { calling, checkResult } from '../../../kernel/native/system-error.ts';
import { removeEntry } from './create.ts';
import type { FileTarget } from './file-target.ts';

export interface RemoveUnexpectedOptions {
  /** names that the snapshot has in this directory, as latin1 text of their raw bytes */
  readonly expected: ReadonlySet<string>;
  /** whether the restore's filters take this entry: what they leave alone is not removed either */
  selected(name: Uint8Array): boolean;
  /** tell only */
  readonly dryRun: boolean;
  /** told after each removal, contents before their directory; a raw path */
  onRemoved(path: Uint8Array): void;
}

/**
 * Removes the entries of a directory that the snapshot does not have, each with all that is below it.
 * @throws HoldfastError when something cannot be read or removed
 */
export function removeUnexpected(
  target: FileTarget,
  directory: DirectoryHandle,
  options: RemoveUnexpectedOptions,
): void {
  for (const name of namesOf(directory)) {
    if (options.expected.has(name.toString('latin1')) || !options.selected(name)) continue;
    removeTree(target, directory, name, options.dryRun, options.onRemoved);
  }
}

/**
 * Removes an entry with all that is below it; nothing there is fine.
 * @throws HoldfastError when something cannot be read or removed
 */
export function removeTree(
  target: FileTarget,
  parent: DirectoryHandle,
  name: Uint8Array,
  dryRun = false,
  onRemoved: (path: Uint8Array) => void = () => {},
): void {
  const stat = target.stat(parent, name);
  if (!stat) return;
  if (stat.isDirectory(0)) {
    const directory = target.calls.openChild(parent, name);
    if (typeof directory === 'number') {
      checkResult('open', shownPath(parent, name), directory);
      return;
    }
    try {
      for (const child of namesOf(directory).reverse())
        removeTree(target, directory, child, dryRun, onRemoved);
    } finally {
      target.calls.close(directory);
    }
  }
  if (!dryRun) removeEntry(target, parent, name);
  onRemoved(shownPath(parent, name));
}

function namesOf(directory: DirectoryHandle): Buffer[] {
  const path = pathThrough(directory, Buffer.from('.'));
  const names = calling('read', directory.path, () => readdirSync(path, { encoding: 'buffer' }));
  return names.sort(Buffer.compare);
}
