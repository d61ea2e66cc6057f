/** Counts what a backup will read, beside it, so that its progress can say how much is left. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Listing, listDirectory, statPath } from '../../sources/files/listing.ts';
import { absolutePath, joinPath, rawPath } from '../../sources/files/path.ts';
import { createSelection, type SelectionOptions } from '../../sources/files/selection.ts';

export interface ScanTotals {
  readonly files: number;
  /** bytes */
  readonly bytes: number;
}

/**
 * Walks the paths with the same rules as the backup, a directory a turn of the event loop. `found` is called as the
 * totals grow and a last time when they are final. What cannot be read counts for nothing: the backup reports it.
 */
export async function scan(
  paths: readonly Uint8Array[],
  options: SelectionOptions,
  signal: AbortSignal,
  found: (totals: ScanTotals, final: boolean) => void,
): Promise<void> {
  const selection = createSelection(options, () => {});
  const workingDirectory = rawPath(process.cwd());
  const directories: Uint8Array[] = [];
  let files = 0;
  let bytes = 0;

  function add(listing: Listing, i: number, path: Uint8Array): void {
    if (listing.error(i) !== 0) return;
    if (listing.isDirectory(i)) {
      directories.push(path);
    } else if (listing.isFile(i)) {
      files++;
      bytes += listing.size(i);
    }
  }

  for (const path of paths) {
    const absolute = absolutePath(path, workingDirectory);
    attempt(() => add(statPath(absolute), 0, absolute));
  }
  while (directories.length > 0 && !signal.aborted) {
    const path = directories.pop()!;
    attempt(() => {
      const listing = new Listing(listDirectory(path));
      const selected = selection.everything ? undefined : selection.below(path);
      for (let i = 0; i < listing.count; i++) {
        const name = listing.name(i);
        if (selected?.includes(listing, i, name) !== false) add(listing, i, joinPath(path, name));
      }
    });
    found({ files, bytes }, false);
    await nextTurn();
  }
  if (!signal.aborted) found({ files, bytes }, true);
}

function attempt(work: () => void): void {
  try {
    work();
  } catch {
    // reported by the backup itself
  }
}
