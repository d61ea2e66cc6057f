/**
 * The rows of a table as the dump programs write them, in statements that end anywhere, become statements of many rows,
 * a row a line: quick to load, and where a statement ends depends on the row there, so that rows that come and go leave
 * other lines as they are.
 */
import { readFileSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import type { DumpReader } from './dump-reader.ts';
import type { Framing } from './framing.ts';

/**
 * The rows that begin where the reader stands, as long as statements begin with `insert` (`INSERT INTO t VALUES` and a
 * space, or a line feed when each row is a line already). A piece is valid until the next one is asked for. Codes
 * `truncated` when the dump ends in a row, `corrupt` for a row of no known form.
 * @param areBytes which values of each row are bytes that come as they are, and go on in hexadecimal
 */
export type RowLines = (
  insert: Buffer,
  framing: Framing,
  table: string,
  areBytes?: readonly boolean[],
) => AsyncGenerator<Uint8Array, void, void>;

const ends = Buffer.from(';\n');
/** A longer row is a statement by itself, whose end stands on a line of its own: it need not be held to be counted. */
const longRow = 64 * 1024;
/** Bytes of a statement: about, at least unless the table ends, and at most. */
const meanStatement = 384 * 1024;
const leastStatement = 32 * 1024;
const mostStatement = 2 * 1024 * 1024;
const lineFeed = 10;
const [comma, semicolon] = [0x2c, 0x3b];

// Addresses in row-lines.wasm, and what it knows of the place before the next row.
const at = {
  isLine: 0,
  longRow: 4,
  mean: 8,
  least: 12,
  most: 16,
  outEnd: 20,
  next: 24,
  ready: 28,
  last: 32,
  statement: 36,
  ends: 40,
  before: 44,
  values: 56,
  areBytes: 1024,
};
const out = 8192;
const before = { nothing: 0, row: 1, separator: 2 };
/** Why the rows end there for now. */
const reasons = ['more', 'over', 'bad', 'long', 'finish', 'begin', 'full'] as const;

/** What of the reader's memory is used here. */
export const reservedForRows = out + 5 * longRow;

interface Exports {
  take(end: number): number;
  beginRow(): void;
  rowEnd(at: number, end: number): number;
  writeRow(end: number): number;
}

export function createRowLines(reader: DumpReader): RowLines {
  const { memory } = reader;
  const wasm = new WebAssembly.Instance(load(), { env: { memory } }).exports as unknown as Exports;
  const get = (address: number): number => new DataView(memory.buffer).getUint32(address, true);
  const set = (address: number, value: number): void =>
    new DataView(memory.buffer).setUint32(address, value, true);
  const view = (from: number, to: number): Buffer => Buffer.from(memory.buffer, from, to - from);
  set(at.longRow, longRow);
  set(at.mean, meanStatement);
  set(at.least, leastStatement);
  set(at.most, mostStatement);
  set(at.outEnd, reservedForRows);

  /** The rows that are ready, whose memory is free for others then. */
  function* flush(): Generator<Uint8Array, void, void> {
    const end = get(at.ready);
    set(at.ready, out);
    if (end > out) yield view(out, end);
  }

  /** Ends the statement that is being written, if any. */
  function finish(framing: Framing): void {
    if (get(at.before) === before.nothing) return;
    const end = get(at.ready);
    view(end, end + ends.length).set(ends);
    framing.last(view(get(at.last), end + ends.length));
    set(at.ready, end + ends.length);
    set(at.before, before.nothing);
  }

  return async function* rowLines(insert, framing, table, areBytes = []) {
    const head = Buffer.concat([insert.subarray(0, -1), Buffer.from('\n')]);
    const isLine = insert.at(-1) === lineFeed;
    const cutOff = () => new HoldfastError('truncated', `the dump ends among the rows of ${table}`);
    const senseless = () =>
      new HoldfastError('corrupt', `the dump has a row of ${table} that makes no sense`);
    set(at.isLine, isLine ? 1 : 0);
    set(at.ready, out);
    set(at.values, areBytes.length);
    for (const [i, isBytes] of areBytes.entries()) view(at.areBytes + i, out)[0] = isBytes ? 1 : 0;

    while (startsWith(await reader.ahead(insert.length), insert)) {
      reader.take(insert.length);
      for (let over = false; !over;) {
        set(at.next, reader.start);
        const reason = reasons[wasm.take(reader.end)];
        reader.take(get(at.next) - reader.start);
        if (reason === 'over') over = true;
        else if (reason === 'full') yield* flush();
        else if (reason === 'finish') finish(framing);
        else if (reason === 'begin') {
          yield* flush();
          yield* begin();
          set(at.before, before.separator);
          set(at.statement, 0);
        } else if (reason === 'long') {
          finish(framing);
          yield* flush();
          yield* begin();
          yield* longBytes();
          over = await afterLong();
        } else if (reason === 'bad') throw senseless();
        else if (!(await reader.more())) throw cutOff();
      }
    }
    finish(framing);
    yield* flush();

    function* begin(): Generator<Uint8Array, void, void> {
      framing.notRows(head);
      yield head;
    }

    /** A row of any length, and the end of its statement on a line of its own. */
    async function* longBytes(): AsyncGenerator<Uint8Array, void, void> {
      wasm.beginRow();
      for (let isOver = false; !isOver;) {
        if (reader.start === reader.end && !(await reader.more())) throw cutOff();
        const { start, end } = reader;
        if (areBytes.length === 0) {
          const stop = wasm.rowEnd(start, end);
          isOver = stop !== 0;
          reader.take((stop || end) - start);
          yield view(start, stop || end);
        } else {
          set(at.next, start);
          isOver = wasm.writeRow(end) !== 0;
          reader.take(get(at.next) - start);
          yield* flush();
        }
      }
      framing.notRows(ends);
      yield Buffer.concat([Buffer.from('\n'), ends]);
    }

    /** Takes what separates a long row from what follows; true at the end of its statement. */
    async function afterLong(): Promise<boolean> {
      const separator = (await reader.ahead(1))[0];
      const isOver = separator === semicolon;
      const length = isOver || isLine ? 2 : 1;
      const bytes = await reader.ahead(length);
      if (bytes.length < length) throw cutOff();
      if ((!isOver && separator !== comma) || (length === 2 && bytes[1] !== lineFeed)) throw senseless();
      reader.take(length);
      return isOver;
    }
  };
}

function startsWith(bytes: Buffer, prefix: Buffer): boolean {
  return bytes.length >= prefix.length && bytes.subarray(0, prefix.length).equals(prefix);
}

let module: WebAssembly.Module | undefined;

function load(): WebAssembly.Module {
  try {
    return (module ??= new WebAssembly.Module(readFileSync(new URL('./row-lines.wasm', import.meta.url))));
  } catch (cause) {
    throw new HoldfastError('failed', 'row-lines.wasm cannot be loaded', {
      hint: 'run `npm run build`, or install the package again',
      cause,
    });
  }
}
