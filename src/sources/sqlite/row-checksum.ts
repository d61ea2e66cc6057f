/** A checksum of a table's rows that does not depend on their order, so that two copies of a table can be compared. */
import { sha256Into } from '../../kernel/native/crypto.ts';

type SqlValue = null | bigint | number | string | Uint8Array;

export interface RowChecksum {
  readonly rows: number;
  add(row: readonly SqlValue[]): void;
  /** 16 hexadecimal digits: the sum, modulo 2^64, of the first 8 bytes of the SHA-256 of every row */
  digest(): string;
}

const kinds = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;
/** What is kept from row to row; a larger one is given back at once. */
const keptBytes = 1 << 20;
const half = 2 ** 32;

export function createRowChecksum(): RowChecksum {
  const hash = new Uint8Array(32);
  const view = new DataView(hash.buffer);
  let buffer = Buffer.allocUnsafe(4096);
  let length = 0;
  let rows = 0;
  let high = 0;
  let low = 0;

  function room(bytes: number): void {
    if (length + bytes <= buffer.length) return;
    const larger = Buffer.allocUnsafe(Math.max(2 * buffer.length, length + bytes));
    buffer.copy(larger, 0, 0, length);
    buffer = larger;
  }

  function put(value: SqlValue): void {
    room(16);
    if (value === null) {
      length = buffer.writeUInt8(kinds.null, length);
    } else if (typeof value === 'bigint') {
      length = buffer.writeUInt8(kinds.integer, length);
      length = buffer.writeBigInt64LE(value, length);
    } else if (typeof value === 'number') {
      length = buffer.writeUInt8(kinds.real, length);
      length = buffer.writeDoubleLE(value, length);
    } else if (typeof value === 'string') {
      const bytes = value.length < 1024 ? 3 * value.length : Buffer.byteLength(value);
      room(5 + bytes);
      const written = buffer.write(value, length + 5);
      buffer.writeUInt8(kinds.text, length);
      length = buffer.writeUInt32LE(written, length + 1) + written;
    } else {
      room(5 + value.length);
      length = buffer.writeUInt8(kinds.blob, length);
      length = buffer.writeUInt32LE(value.length, length);
      buffer.set(value, length);
      length += value.length;
    }
  }

  return {
    get rows() {
      return rows;
    },
    add(row) {
      length = 0;
      for (const value of row) put(value);
      sha256Into(buffer.subarray(0, length), hash, 0);
      low += view.getUint32(4);
      high = (high + view.getUint32(0) + Math.floor(low / half)) % half;
      low %= half;
      rows++;
      if (buffer.length > keptBytes) buffer = Buffer.allocUnsafe(4096);
    },
    digest: () => [high, low].map((part) => part.toString(16).padStart(8, '0')).join(''),
  };
}
