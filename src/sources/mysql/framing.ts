/** What of the lines of a table's part are its rows: by it a tally of lines becomes one of rows. */
import { createRowSum } from '../../kernel/row-sum.ts';

/** What of a table's lines are not rows with a comma behind them. */
export interface Framing {
  /** Lines that are no rows. */
  notRows(lines: Uint8Array): void;
  /** A row that ends a statement counts as if another followed. */
  last(row: Uint8Array): void;
  /** Rows and checksum of a tally of all lines. */
  rowsOf(tally: { readonly rows: number; readonly checksum: bigint }): { rows: number; checksum: bigint };
}

const goesOn = Buffer.from(',\n');

export function createFraming(): Framing {
  const taken = createRowSum();
  const given = createRowSum();
  return {
    notRows: (lines) => taken.update(lines),
    last(row) {
      taken.update(row);
      given.update(row.subarray(0, -goesOn.length));
      given.update(goesOn);
    },
    rowsOf(tally) {
      const less = taken.end();
      const more = given.end();
      return {
        rows: tally.rows - less.rows + more.rows,
        checksum: BigInt.asUintN(64, tally.checksum - less.checksum + more.checksum),
      };
    },
  };
}
