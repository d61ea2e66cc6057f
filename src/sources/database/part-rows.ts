/** The rows among some blocks of a table's part: what two nights differ in can be told without reading all of both. */
import type { DatabaseKind } from './evidence.ts';

/** Some of a part's bytes, which end where a line does, or else go on in the next block of the part. */
export interface PartBlock {
  readonly bytes: Uint8Array;
  /** the beginning of the part, what comes directly behind the block before, or another place */
  readonly place: 'start' | 'next' | 'elsewhere';
}

/** A line for each row: the same row is the same line wherever it stands. */
export type RowsAmong = (blocks: AsyncIterable<PartBlock>) => AsyncIterable<Uint8Array>;

/** Undefined for kinds whose parts are no lines. */
export async function rowsAmongOf(kind: DatabaseKind): Promise<RowsAmong | undefined> {
  switch (kind) {
    case 'postgres':
      return (await import('../postgres/rows-among.ts')).rowsAmong;
    case 'mysql':
    case 'mariadb':
      return (await import('../mysql/rows-among.ts')).rowsAmong;
    case 'sqlite':
      return undefined;
  }
}
