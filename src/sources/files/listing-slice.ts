/** A run of a listing's entries as a listing of its own, for giving it to another thread. */
import { RECORD_BYTES, setRecordName, StatRecords } from '../../kernel/native/stat-record.ts';
import type { ListingData } from './listing.ts';

/** Entries `from` up to, not including, `to`; shares no memory with the original. */
export function sliceListing(data: ListingData, from: number, to: number): ListingData {
  const records = data.records.slice(from * RECORD_BYTES, to * RECORD_BYTES);
  const places = new StatRecords(records);
  const words = new Int32Array(records);
  let length = 0;
  for (let i = 0; i < places.count; i++) length += places.nameLength(i) + 1;
  const names = new Uint8Array(length);
  let at = 0;
  for (let i = 0; i < places.count; i++) {
    const start = places.nameOffset(i);
    const size = places.nameLength(i);
    names.set(data.names.subarray(start, start + size), at);
    setRecordName(words, i, at, size, places.error(i));
    at += size + 1;
  }
  return { records, names };
}
