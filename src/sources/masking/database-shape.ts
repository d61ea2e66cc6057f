/** What masking must know of a database before the first row: its columns, and what ties them together. */
import type { TableShape } from './column-type.ts';

export interface DatabaseShape {
  readonly tables: readonly TableShape[];
  readonly uniqueKeys: readonly UniqueKey[];
  readonly foreignKeys: readonly ForeignKey[];
}

/** Columns whose values occur once, together. */
export interface UniqueKey {
  readonly schema: string;
  readonly table: string;
  readonly columns: readonly string[];
}

export interface ForeignKey {
  readonly from: UniqueKey;
  /** without columns: those of the primary key */
  readonly to: UniqueKey;
}
