/** Counts what a backup will take, by listing directories alone: so that its progress can say how much is left. */
import { Listing, listDirectory, statPath } from '../../sources/files/listing.ts';
import { absolutePath, joinPath } from '../../sources/files/path.ts';
import { createSelection, type SelectionOptions } from '../../sources/files/selection.ts';

export interface FileCount {
  /** regular files */
  readonly files: number;
  /** their bytes */
  readonly bytes: number;
}

/** Walks the targets (raw paths). What cannot be read counts as nothing: the backup itself tells of it. */
export function countFiles(
  targets: readonly Uint8Array[],
  workingDirectory: Uint8Array,
  options: SelectionOptions,
): FileCount {
  const selection = createSelection(options, () => {});
  let files = 0;
  let bytes = 0;
  const directories: Uint8Array[] = [];
  const count = (size: number): void => {
    files++;
    bytes += size;
  };

  for (const target of targets) {
    const path = absolutePath(target, workingDirectory);
    const entry = attempt(() => statPath(path));
    if (entry?.isDirectory(0)) directories.push(path);
    else if (entry?.isFile(0)) count(entry.size(0));
  }
  while (directories.length > 0) {
    const directory = directories.pop()!;
    const data = attempt(() => listDirectory(directory));
    if (!data) continue;
    const listing = new Listing(data);
    const rules = selection.below(directory);
    for (let i = 0; i < listing.count; i++) {
      const name = listing.name(i);
      if (!rules.includes(listing, i, name)) continue;
      if (listing.isDirectory(i)) directories.push(joinPath(directory, name));
      else if (listing.isFile(i)) count(listing.size(i));
    }
  }
  return { files, bytes };
}

function attempt<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
