/** Instants as RFC 3339 text with nanoseconds, as Go writes them, and the local zone they are written in. */
import { HoldfastError } from '../../../kernel/errors.ts';
import type { Time } from './node.ts';

/** Go's zero time, which stands where JSON has null: the first second of year 1. */
export const zeroTime: Time = { sec: -62135596800, nsec: 0, offset: 0 };

/** the longest text: 2006-01-02T15:04:05.999999999+07:00 */
export const maxTimeLength = 35;

/** Writes the text at `out[at]`, which has room for 35 bytes, and returns the end. Years are clamped to 0 .. 9999. */
export function putTime(out: Uint8Array, at: number, time: Time): number {
  const local = time.sec + time.offset * 60;
  const days = Math.floor(local / 86400);
  const second = local - days * 86400;
  // civil date of a day number, in years that begin in March (Howard Hinnant's algorithm)
  const shifted = days + 719468;
  const era = Math.floor(shifted / 146097);
  const dayOfEra = shifted - era * 146097;
  const yearOfEra =
    ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36524) | 0) - ((dayOfEra / 146096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  let day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0);
  if (year < 0) {
    year = 0;
  } else if (year > 9999) {
    year = 9999;
    // the day that is missing there moves on to the next
    if (month === 2 && day === 29) {
      month = 3;
      day = 1;
    }
  }

  putTwo(out, at, (year / 100) | 0);
  putTwo(out, at + 2, year % 100);
  out[at + 4] = 0x2d;
  putTwo(out, at + 5, month);
  out[at + 7] = 0x2d;
  putTwo(out, at + 8, day);
  out[at + 10] = 0x54;
  const minutes = (second / 60) | 0;
  putTwo(out, at + 11, (minutes / 60) | 0);
  out[at + 13] = 0x3a;
  putTwo(out, at + 14, minutes % 60);
  out[at + 16] = 0x3a;
  putTwo(out, at + 17, second - minutes * 60);
  at += 19;
  if (time.nsec !== 0) at = putFraction(out, at, time.nsec);
  if (time.offset === 0) {
    out[at] = 0x5a;
    return at + 1;
  }
  const offset = Math.abs(time.offset);
  out[at] = time.offset < 0 ? 0x2d : 0x2b;
  putTwo(out, at + 1, (offset / 60) | 0);
  out[at + 3] = 0x3a;
  putTwo(out, at + 4, offset % 60);
  return at + 6;
}

function putTwo(out: Uint8Array, at: number, value: number): void {
  const tens = (value / 10) | 0;
  out[at] = 0x30 + tens;
  out[at + 1] = 0x30 + value - tens * 10;
}

/** `.` and nine digits without the zeros at their end */
function putFraction(out: Uint8Array, at: number, nsec: number): number {
  out[at] = 0x2e;
  let rest = nsec;
  let end = at + 1;
  for (let i = at + 9; i > at; i--) {
    const tenth = (rest / 10) | 0;
    const digit = rest - tenth * 10;
    if (digit !== 0 && end === at + 1) end = i + 1;
    out[i] = 0x30 + digit;
    rest = tenth;
  }
  return end;
}

const daysInMonth = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** Reads the text `bytes[start, end)`; undefined when it is no RFC 3339 time. Digits beyond nanoseconds are dropped. */
export function readTime(bytes: Uint8Array, start: number, end: number): Time | undefined {
  if (end - start < 20) return undefined;
  const century = twoAt(bytes, start);
  const yearOfCentury = twoAt(bytes, start + 2);
  const month = twoAt(bytes, start + 5);
  const day = twoAt(bytes, start + 8);
  const hour = twoAt(bytes, start + 11);
  const minute = twoAt(bytes, start + 14);
  const second = twoAt(bytes, start + 17);
  if ((century | yearOfCentury | month | day | hour | minute | second) < 0) return undefined;
  if (bytes[start + 4] !== 0x2d || bytes[start + 7] !== 0x2d || bytes[start + 10] !== 0x54) return undefined;
  if (bytes[start + 13] !== 0x3a || bytes[start + 16] !== 0x3a) return undefined;
  const year = century * 100 + yearOfCentury;
  if (month < 1 || month > 12 || hour > 23 || minute > 59 || second > 59 || day < 1) return undefined;
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  if (day > daysInMonth[month - 1]! && !(leap && month === 2 && day === 29)) return undefined;

  let at = start + 19;
  let nsec = 0;
  if (bytes[at] === 0x2e) {
    const first = ++at;
    let scale = 100_000_000;
    for (; at < end; at++) {
      const digit = bytes[at]! - 0x30;
      if (digit < 0 || digit > 9) break;
      nsec += digit * scale;
      scale = (scale / 10) | 0;
    }
    if (at === first) return undefined;
  }

  let offset = 0;
  if (bytes[at] === 0x5a) {
    if (at + 1 !== end) return undefined;
  } else {
    const sign = bytes[at];
    if (at + 6 !== end || (sign !== 0x2b && sign !== 0x2d) || bytes[at + 3] !== 0x3a) return undefined;
    const hours = twoAt(bytes, at + 1);
    const minutes = twoAt(bytes, at + 4);
    if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59) return undefined;
    offset = hours * 60 + minutes;
    if (sign === 0x2d && offset !== 0) offset = -offset;
  }

  // day number of a civil date, in years that begin in March
  const shiftedYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(shiftedYear / 400);
  const yearOfEra = shiftedYear - era * 400;
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + dayOfYear;
  const days = era * 146097 + dayOfEra - 719468;
  return { sec: days * 86400 + hour * 3600 + minute * 60 + second - offset * 60, nsec, offset };
}

/** Two decimal digits, -1 when they are none. */
function twoAt(bytes: Uint8Array, at: number): number {
  const tens = bytes[at]! - 0x30;
  const ones = bytes[at + 1]! - 0x30;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : -1;
}

/** The instant of RFC 3339 text. Code `corrupt`. */
export function parseTime(text: string): Time {
  const bytes = Buffer.from(text, 'utf8');
  const time = readTime(bytes, 0, bytes.length);
  if (!time) throw new HoldfastError('corrupt', `${JSON.stringify(text.slice(0, 64))} is no time`);
  return time;
}

/** RFC 3339 text of an instant in its zone. */
export function formatTime(time: Time): string {
  const out = Buffer.alloc(maxTimeLength);
  return out.toString('latin1', 0, putTime(out, 0, time));
}

/** Milliseconds since 1970-01-01 UTC, with the nanoseconds as a fraction. */
export function timeToMs(time: Time): number {
  return time.sec * 1000 + time.nsec / 1e6;
}

/** The instant of whole milliseconds since 1970-01-01 UTC, in the local zone unless another is given. */
export function timeFromMs(ms: number, offset?: number): Time {
  const sec = Math.floor(ms / 1000);
  const nsec = Math.round((ms - sec * 1000) * 1e6);
  return { sec, nsec, offset: offset ?? localOffset(sec) };
}

/** Zones change at quarters of an hour: one look-up serves for all the instants of one. */
const quarters = new Float64Array(4096).fill(NaN);
const offsets = new Int16Array(4096);
/** what a Date can hold */
const lastSecond = 8_640_000_000_000;

/** Minutes east of UTC of the local zone at an instant, in seconds since 1970-01-01 UTC. */
export function localOffset(sec: number): number {
  const quarter = Math.floor(sec / 900);
  const slot = ((quarter % 4096) + 4096) % 4096;
  if (quarters[slot] !== quarter) {
    const within = Math.max(-lastSecond, Math.min(lastSecond, sec));
    const offset = Math.trunc(-new Date(within * 1000).getTimezoneOffset());
    quarters[slot] = quarter;
    offsets[slot] = offset;
  }
  return offsets[slot]!;
}
