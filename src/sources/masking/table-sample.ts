/** A few rows of each table of a database: what proposals for rules are made from. */
import type { TableShape } from './column-type.ts';
import type { DatabaseShape } from './database-shape.ts';

export interface DatabaseSample {
  readonly shape: DatabaseShape;
  /** it has large objects, which no rule for columns masks */
  readonly largeObjects?: boolean;
  /** Tables that have rows, each once; at most so many rows of each. */
  tables(rows: number): AsyncIterable<TableSample>;
}

export interface TableSample {
  readonly table: TableShape;
  /** values in the order of the columns; undefined for NULL */
  readonly rows: readonly (readonly (string | undefined)[])[];
}
