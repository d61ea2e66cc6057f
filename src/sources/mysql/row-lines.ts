/**
 * The rows of a table as the dump programs write them, an INSERT each, become statements of many rows, a row a line:
 * quick to load, and where a statement ends depends on the row there, so that rows that come and go leave other lines
 * as they are.
 */
import { HoldfastError } from '../../kernel/errors.ts';
import { createRowSum } from '../../kernel/row-sum.ts';
import type { DumpReader } from './dump-reader.ts';

/** What of a table's lines are not rows with a comma behind them: by it a tally of lines becomes one of rows. */
export interface Framing {
  /** Lines that are no rows. */
  notRows(lines: Uint8Array): void;
  /** A row that ends a statement counts as if another followed. */
  last(row: Uint8Array): void;
  /** Rows and checksum of a tally of all lines. */
  rowsOf(tally: { readonly rows: number; readonly checksum: bigint }): { rows: number; checksum: bigint };
}

export function createFraming(): Framing {
  const taken = createRowSum();
  const given = createRowSum();
  return {
    notRows: (lines) => taken.update(lines),
    last(row) {
      taken.update(row);
      given.update(row.subarray(0, -2));
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

const goesOn = Buffer.from(',\n');
const ends = Buffer.from(';\n');
/** A longer row is a statement by itself, whose end stands on a line of its own: it need not be held to be counted. */
const longRow = 64 * 1024;
/** Bytes of a statement: about, at least unless the table ends, and at most. */
const meanStatement = 384 * 1024;
const leastStatement = 32 * 1024;
const mostStatement = 2 * 1024 * 1024;
const outSize = 1024 * 1024;
const lineFeed = 10;
const [opening, closing, semicolon] = [0x28, 0x29, 0x3b];

/**
 * The rows that begin where the reader stands, as long as lines begin with `insert` (`INSERT INTO t VALUES `). A piece
 * is valid until the next one is asked for. Code `truncated` when the dump ends in a row.
 */
export async function* rowLines(
  reader: DumpReader,
  insert: Buffer,
  framing: Framing,
  table: string,
): AsyncGenerator<Uint8Array, void, void> {
  const head = Buffer.concat([insert.subarray(0, -1), Buffer.from('\n')]);
  const out = Buffer.allocUnsafe(outSize + longRow + head.length + 16);
  let size = 0;
  /** where the last row stands in `out`, while it is not known what follows it; -1 for none */
  let open = -1;
  let statement = 0;
  let endsHere = false;
  const cutOff = () => new HoldfastError('truncated', `the dump ends among the rows of ${table}`);

  for (;;) {
    let ahead = await reader.ahead(insert.length, insert.length + longRow + ends.length);
    let at = 0;
    // all rows that are at hand
    while (startsWith(ahead, at, insert)) {
      const start = at + insert.length;
      const end = ahead.indexOf(lineFeed, start);
      if (end < 0 && ahead.length - start <= longRow) break;
      const length = end - ends.length + 1 - start;
      if (end < 0 || length > longRow) {
        finish();
        if (size > 0) yield out.subarray(0, size);
        size = 0;
        reader.take(start);
        framing.notRows(head);
        yield head;
        yield* long();
        at = 0;
        ahead = await reader.ahead(insert.length, insert.length + longRow + ends.length);
        continue;
      }
      if (ahead[start] !== opening || ahead[end - 2] !== closing || ahead[end - 1] !== semicolon) {
        throw new HoldfastError('corrupt', `the dump has a row of ${table} that makes no sense`);
      }
      if (open >= 0 && (endsHere || statement + length > mostStatement)) finish();
      else if (open >= 0) size += goesOn.copy(out, size);
      if (size + length + head.length > outSize) {
        yield out.subarray(0, size);
        size = 0;
      }
      if (open < 0) {
        size += head.copy(out, size);
        framing.notRows(head);
        statement = 0;
      }
      open = size;
      size += ahead.copy(out, size, start, start + length);
      statement += length;
      endsHere = statement >= leastStatement && isLast(ahead, start, length);
      at = end + 1;
    }
    reader.take(at);
    if (at > 0) continue;
    const rest = await reader.ahead(insert.length);
    if (startsWith(rest, 0, insert)) throw cutOff();
    break;
  }
  finish();
  if (size > 0) yield out.subarray(0, size);

  function finish(): void {
    if (open < 0) return;
    size += ends.copy(out, size);
    framing.last(out.subarray(open, size));
    open = -1;
  }

  /** A row of any length, and `;` on a line of its own. */
  async function* long(): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const ahead = await reader.ahead(1, longRow);
      const end = ahead.indexOf(lineFeed);
      if (end >= 0) {
        if (ahead[end - 1] !== semicolon) throw cutOff();
        yield Buffer.concat([ahead.subarray(0, end - 1), Buffer.from('\n;\n')]);
        framing.notRows(ends);
        reader.take(end + 1);
        return;
      }
      // the last byte may be the semicolon
      if (ahead.length < 2) throw cutOff();
      const piece = Buffer.from(ahead.subarray(0, -1));
      reader.take(piece.length);
      yield piece;
    }
  }
}

function startsWith(bytes: Buffer, at: number, prefix: Buffer): boolean {
  if (bytes.length - at < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[at + i] !== prefix[i]) return false;
  return true;
}

/** Whether a row ends its statement: by its content alone, the longer the likelier. */
function isLast(bytes: Buffer, start: number, length: number): boolean {
  let hash = 0x811c9dc5 ^ length;
  const stop = start + length;
  for (let at = start; at < Math.min(start + 24, stop); at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  for (let at = Math.max(start, stop - 24); at < stop; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  hash ^= hash >>> 13;
  return hash >>> 0 < (length / meanStatement) * 2 ** 32;
}
