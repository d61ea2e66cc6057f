/** What all parts of packing a tree share: what was asked for, what was seen so far, and where problems are told. */
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { MetadataOptions } from '../files/metadata.ts';
import type { Selection, SelectionOptions } from '../files/selection.ts';
import { createSqliteFiles, type SqliteFiles } from '../sqlite/files-in-tree.ts';
import { currentFolder } from '../files/current-folder.ts';

export interface TreeArchiveOptions {
  /** raw paths that exist, absolute or relative to the working directory */
  readonly paths: readonly Uint8Array[];
  readonly selection: SelectionOptions;
  /** a folder for copies of SQLite databases among the files, which are packed in one state each; undefined: as any file */
  readonly sqliteFolder?: string | undefined;
  /** Something is not as it should be; `lost` when it is missing in the archive, or not whole there. */
  problem(path: Uint8Array, message: string, lost: boolean): void;
  warn(message: string): void;
}

/** What went into it, once all of it was read. */
export interface TreeTally {
  files: number;
  directories: number;
  /** links, and what is neither file nor directory */
  others: number;
  /** of the files' content */
  bytes: number;
  /** entries that are missing, or not whole */
  lost: number;
}

export interface TreeContext {
  readonly workingDirectory: Uint8Array;
  readonly selection: Selection;
  readonly tally: TreeTally;
  readonly signal: AbortSignal;
  readonly metadata: MetadataOptions;
  /** names in the archive of files that have further names, by device and inode */
  readonly links: Map<string, { readonly name: Uint8Array; left: number }>;
  readonly sqlite: SqliteFiles | undefined;
  lost(path: Uint8Array, error: unknown): void;
  doubtful(path: Uint8Array, message: string): void;
  warn(message: string): void;
}

export function createContext(
  { problem, warn, sqliteFolder }: TreeArchiveOptions,
  selection: Selection,
  tally: TreeTally,
  signal: AbortSignal,
): TreeContext {
  const lost = (path: Uint8Array, error: unknown): void => {
    tally.lost++;
    problem(path, messageOf(error), true);
  };
  return {
    ...{ selection, tally, signal, warn, lost },
    workingDirectory: currentFolder(),
    doubtful: (path, message) => problem(path, message, false),
    links: new Map(),
    sqlite: sqliteFolder === undefined ? undefined : createSqliteFiles(sqliteFolder),
    metadata: {
      toMode: (stMode) => stMode & 0o7777,
      offsetOf: () => 0,
      withAtime: false,
      lenientAttributes: true,
      problem: lost,
    },
  };
}

/** What the file system says of one file, and not of the whole backup. */
export function isOfFile(error: unknown): boolean {
  return error instanceof HoldfastError && error.code !== 'interrupted' && error.code !== 'usage';
}
