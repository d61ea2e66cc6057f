/** Lists directories before they are visited: while the password is still being tried, and to see what is unchanged. */
import type { Fingerprint, Fingerprinter } from '../../sources/files/fingerprint.ts';
import { Listing, listDirectory } from '../../sources/files/listing.ts';
import { joinPath } from '../../sources/files/path.ts';
import type { Selection } from '../../sources/files/selection.ts';
import type { Ahead } from './protocol.ts';

export interface LookAhead {
  /**
   * Lists a directory and those below it, depth first, until `isOver`, which is asked for each entry. What fails is
   * left for the walk to report: undefined when it is the directory itself.
   */
  list(path: Uint8Array, isOver: (entries: number) => boolean): Ahead | undefined;
}

export function createLookAhead(selection: Selection, fingerprinter: Fingerprinter): LookAhead {
  return {
    list(path, isOver) {
      let entries = 0;
      return look(path);

      function look(path: Uint8Array): Ahead | undefined {
        let listing: Listing;
        try {
          listing = new Listing(listDirectory(path));
        } catch {
          return undefined;
        }
        entries += listing.count;
        const selected = selection.everything ? undefined : selection.below(path);
        const marks = new Map<number, Fingerprint | null>();
        let below: Map<number, Ahead> | undefined;
        let [directories, files, bytes] = [1, 0, 0];
        for (let i = 0; i < listing.count; i++) {
          if (isOver(entries))
            return { data: listing.data, below, print: undefined, directories, files, bytes };
          if (selected?.includes(listing, i, listing.name(i)) === false) {
            marks.set(i, null);
          } else if (listing.error(i) !== 0) {
            continue;
          } else if (listing.isFile(i)) {
            files++;
            bytes += listing.size(i);
          } else if (listing.isDirectory(i)) {
            const child = look(joinPath(path, listing.name(i)));
            if (!child) continue;
            (below ??= new Map()).set(i, child);
            if (child.print !== undefined) marks.set(i, child.print);
            directories += child.directories;
            files += child.files;
            bytes += child.bytes;
          }
        }
        const print = fingerprinter.of(listing, marks);
        return { data: listing.data, below, print, directories, files, bytes };
      }
    },
  };
}
