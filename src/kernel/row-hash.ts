/** The 64-bit hash by which rows are counted in and out: the sum over a table's rows is its checksum. */

const first = 0x9e3779b97f4a7c15n;
const second = 0xd6e8feb86659fd93n;
const mask = (1n << 64n) - 1n;

/**
 * The hash of one row with its line feed. The same as that of the record chunker's WebAssembly, which is made for
 * gigabytes; this one is for a few lines.
 */
export function rowHash(row: Uint8Array): bigint {
  let hash = 0n;
  for (let at = 0; at < row.length; at += 8) {
    let word = 0n;
    for (let i = Math.min(8, row.length - at) - 1; i >= 0; i--) word = (word << 8n) | BigInt(row[at + i]!);
    hash = (((((hash << 29n) | (hash >> 35n)) ^ word) & mask) * first) & mask;
  }
  hash ^= (BigInt(row.length) * second) & mask;
  hash = ((hash ^ (hash >> 32n)) * second) & mask;
  hash = ((hash ^ (hash >> 29n)) * first) & mask;
  return hash ^ (hash >> 32n);
}

/** Takes rows out of a checksum that were counted in and are none. */
export function withoutRows(checksum: bigint, rows: readonly Uint8Array[]): bigint {
  return rows.reduce((sum, row) => (sum - rowHash(row)) & mask, checksum & mask);
}
