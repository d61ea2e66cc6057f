/** Lists directories while the password is still being tried: the walk of an unchanged tree does not wait for scrypt. */
import { Listing, listDirectory } from '../../sources/files/listing.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { Selection } from '../../sources/files/selection.ts';
import { type Ahead, signal } from './protocol.ts';

/** Entries that may be listed ahead: each takes about 150 bytes. */
const mostEntries = 300_000;

/**
 * Lists the directories below `paths`, depth first, until the repository is open. What fails is left for the real
 * walk to report. The result is by path, as latin1 text.
 */
export function lookAhead(
  paths: readonly Uint8Array[],
  selection: Selection,
  signals: Int32Array,
): Map<string, Ahead> {
  const found = new Map<string, Ahead>();
  let entries = 0;
  const isOver = () => entries >= mostEntries || Atomics.load(signals, signal.open) !== 0;

  function list(path: Uint8Array): Ahead | undefined {
    let below: Map<number, Ahead> | undefined;
    let listing: Listing;
    try {
      listing = new Listing(listDirectory(path));
    } catch {
      return undefined;
    }
    entries += listing.count;
    const selected = selection.everything ? undefined : selection.below(path);
    for (let i = 0; i < listing.count && !isOver(); i++) {
      if (listing.error(i) !== 0 || !listing.isDirectory(i)) continue;
      const name = listing.name(i);
      if (selected?.includes(listing, i, name) === false) continue;
      const child = list(joinPath(path, name));
      if (child) (below ??= new Map()).set(i, child);
    }
    return { data: listing.data, below };
  }

  for (const path of paths) {
    if (isOver()) break;
    const ahead = list(path);
    if (ahead) found.set(Buffer.from(path).toString('latin1'), ahead);
  }
  return found;
}
