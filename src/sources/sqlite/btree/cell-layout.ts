/** How the rows of a table lie in its pages: https://www.sqlite.org/fileformat.html#b_tree_pages */

export const pageTypes = { interior: 0x05, leaf: 0x0d } as const;
/** Bytes before the places of the cells. */
export const headerSizes = { interior: 12, leaf: 8 } as const;
/** Where the number of cells stands, and where the cells begin; and the last child of an inner page. */
export const headerPlaces = { count: 3, content: 5, lastChild: 8 } as const;
export const pageNumberSize = 4;
/** A free block would need as much. */
export const leastCell = 4;

/** Where other programs take locks, in bytes: the page there holds nothing. */
const lockByte = 0x4000_0000;

export function lockPage(pageSize: number): number {
  return lockByte / pageSize + 1;
}

/** How much of a row of so many bytes lies in the leaf; what is left, in pages of its own. `usable` bytes has a page. */
export function localSize(payload: number, usable: number): number {
  if (payload <= usable - 35) return payload;
  const least = Math.floor(((usable - 12) * 32) / 255) - 23;
  const even = least + ((payload - least) % (usable - pageNumberSize));
  return even <= usable - 35 ? even : least;
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

export function writeUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

export function writeUint16(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 8;
  bytes[at + 1] = value;
}
