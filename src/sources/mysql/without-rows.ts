/** What a dump in one file says beside its rows, gathered as it passes: that is small, whatever the rows are. */
import type { SchemaGatherer } from '../database/throwaway-server.ts';

const row = Buffer.from('INSERT INTO ');
const beginsProgram = Buffer.from('DELIMITER ;;');
const endsProgram = Buffer.from('DELIMITER ;\n');
const lineFeed = 0x0a;
const semicolon = 0x3b;
/** Of what is beside the rows no more is kept, bytes. */
const mostKept = 64 * 1024 * 1024;

/**
 * Dump programs write line feeds within rows as `\n`, so that a line is of rows or is not, and one that ends with a
 * semicolon is their last. Programs may have such lines as well, and are kept whole.
 */
export function gatherWithoutRows(): SchemaGatherer {
  const kept: Buffer[] = [];
  let size = 0;
  /** the beginning of a line that may become one of rows */
  let begun: Buffer = Buffer.alloc(0);
  /** of the line that is passing; undefined while too little of it is known */
  let isRow: boolean | undefined;
  let inProgram = false;
  let rowsGoOn = false;
  let last: number | undefined;

  function keep(bytes: Buffer): void {
    size += bytes.length;
    if (size <= mostKept) kept.push(Buffer.from(bytes));
  }

  function classify(line: Buffer): boolean {
    if (line.indexOf(beginsProgram) === 0) inProgram = true;
    else if (line.indexOf(endsProgram) === 0) inProgram = false;
    return !inProgram && line.subarray(0, row.length).equals(row);
  }

  return {
    update(piece) {
      let rest: Buffer = Buffer.from(piece.buffer, piece.byteOffset, piece.byteLength);
      while (rest.length > 0) {
        const feed = rest.indexOf(lineFeed);
        const line = feed < 0 ? rest : rest.subarray(0, feed + 1);
        rest = rest.subarray(line.length);
        if (rowsGoOn) isRow = true;
        if (isRow === undefined) {
          begun = Buffer.concat([begun, line]);
          if (begun.length >= row.length || feed >= 0) {
            isRow = classify(begun);
            if (!isRow) keep(begun);
            begun = Buffer.alloc(0);
          }
        } else if (!isRow) keep(line);
        if (feed < 0) last = line.at(-1);
        else {
          rowsGoOn = isRow === true && (line.at(-2) ?? last) !== semicolon;
          isRow = undefined;
        }
      }
    },
    text: () => Buffer.concat(kept),
  };
}
