/** What one worker knows, and notes for the next backup, of folders whose fingerprint says that nothing in them changed. */
import { equalBytes } from '../../kernel/bytes.ts';
import type { Fingerprinter } from '../../sources/files/fingerprint.ts';
import type { Frame } from './frame.ts';
import type { KnownTrees, TreeNotes } from './known-trees.ts';
import type { Ahead, CounterName } from './protocol.ts';

export interface KnownFolders {
  /** True when the folder that was listed still has this tree, which the parent snapshot gives it. */
  isKnown(ahead: Ahead, id: Uint8Array): boolean;
  /** Counts and notes a known folder with all that is below it: entry `i` of the frame. */
  takeOver(frame: Frame, i: number, ahead: Ahead): void;
  /** Remembers the tree of a finished directory that is what its listing tells: entry `i` of its parent. */
  note(frame: Frame, i: number, parent: Frame, id: Uint8Array): void;
}

export interface KnownFoldersParts {
  readonly fingerprinter: Fingerprinter;
  /** undefined when every entry is to be looked at */
  readonly known: KnownTrees | undefined;
  readonly notes: TreeNotes;
  count(name: CounterName, by: number): void;
}

export function createKnownFolders({ fingerprinter, known, notes, count }: KnownFoldersParts): KnownFolders {
  function noteAll({ print, below }: Ahead): void {
    const id = print === undefined ? undefined : known?.find(print);
    if (id) notes.add(print!, id);
    if (below) for (const child of below.values()) noteAll(child);
  }

  return {
    isKnown({ print }, id) {
      const tree = print === undefined ? undefined : known?.find(print);
      return tree !== undefined && equalBytes(tree, id);
    },
    takeOver(frame, i, ahead) {
      count('dirsUnmodified', ahead.directories);
      count('filesUnmodified', ahead.files);
      count('bytesProcessed', ahead.bytes);
      count('bytesSeen', ahead.bytes);
      frame.marks.set(i, ahead.print!);
      noteAll(ahead);
    },
    note(frame, i, parent, id) {
      const print = fingerprinter.of(frame.listing, frame.marks);
      if (print === undefined) return;
      notes.add(print, id);
      parent.marks.set(i, print);
    },
  };
}
