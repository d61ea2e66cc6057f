/** An entry: one named stream with its metadata, the narrow waist between every source and every vault. */

export interface Entry {
  /** where it stands in the snapshot: raw bytes, absolute, clean */
  readonly path: Uint8Array;
  /** permission bits */
  readonly permissions: number;
  readonly modified: Date;
  readonly content: EntryContent;
}

export type EntryContent =
  /** a regular file of this machine, which a worker thread opens itself */
  | { readonly kind: 'file'; readonly path: Uint8Array }
  /** bytes that come from elsewhere, once; it throws when they are not all of what was promised */
  | { readonly kind: 'stream'; readonly bytes: AsyncIterable<Uint8Array> }
  /** lines that come from elsewhere, once, to be cut at their ends into blocks of about `blockSize` bytes */
  | {
      readonly kind: 'rows';
      readonly bytes: AsyncIterable<Uint8Array>;
      readonly blockSize: number;
      /** a large one need not be one file: several, in the order of their names, do as well */
      readonly inPieces?: true;
      /** told what passed, before the next entry is asked for */
      readonly done?: (tally: RowTally) => void;
    };

/** What passed of an entry of rows. */
export interface RowTally {
  /** lines */
  readonly rows: number;
  /** the sum of a 64-bit hash of each line: whatever their order, the same lines give the same sum */
  readonly checksum: bigint;
  readonly bytes: number;
}
