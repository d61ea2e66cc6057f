/** Literals in the INSERT statements of mysqldump and mariadb-dump: where they end, what they mean, how they are written. */
import type { ByteWriter } from '../../kernel/bytes.ts';

const quote = 0x27;
const backslash = 0x5c;
const zero = 0x30;

export interface Literal {
  kind: 'null' | 'text' | 'hex' | 'bare';
  /** a text behind `_binary`, or any hexadecimal literal */
  binary: boolean;
  /** where the part to be masked begins and ends: without quotes, introducer and 0x */
  start: number;
  end: number;
  /** the text has escapes or doubled quotes in it */
  escaped: boolean;
}

/** Not 0 where a byte within quotes has a meaning of its own. */
const special = new Uint8Array(256);
special[quote] = 1;
special[backslash] = 1;

const meanings = new Uint8Array(256);
const letters = new Uint8Array(256);
for (const [letter, byte] of Object.entries({ 0: 0, b: 8, t: 9, n: 10, r: 13, Z: 26 })) {
  meanings[letter.charCodeAt(0)] = byte;
}
// what the servers' own escaping writes with a backslash
for (const [letter, byte] of Object.entries({
  0: 0,
  n: 10,
  r: 13,
  Z: 26,
  '"': 34,
  "'": quote,
  '\\': backslash,
})) {
  letters[byte] = letter.charCodeAt(0);
}

/**
 * Reads the literal at `start` into `found`, and returns the place behind it; -1 when there is no literal, or when it
 * is not whole.
 */
export function readLiteral(sql: Uint8Array, start: number, found: Literal): number {
  let i = start;
  found.binary = false;
  found.escaped = false;
  if (sql[i] === 0x5f) {
    // an introducer such as _binary or _utf8mb4
    while (isWord(sql[i])) i++;
    found.binary = i - start === 7 && sql[start + 1] === 0x62 && sql[start + 2] === 0x69;
    while (sql[i] === 0x20) i++;
  }
  if (sql[i] === quote) return readText(sql, i, found);
  const next = sql[i + 1];
  if (sql[i] === zero && next === 0x78) {
    found.kind = 'hex';
    found.binary = true;
    found.start = i + 2;
    for (i += 2; isWord(sql[i]);) i++;
    found.end = i;
    return i;
  }
  if (next === quote && (sql[i] === 0x78 || sql[i] === 0x58)) {
    i = readText(sql, i + 1, found);
    found.kind = 'hex';
    found.binary = true;
    return i;
  }
  if (next === quote && (sql[i] === 0x62 || sql[i] === 0x42)) {
    i = readText(sql, i + 1, found);
    found.kind = 'bare';
    return i;
  }
  found.start = i;
  while (isWord(sql[i]) || sql[i] === 0x2b || sql[i] === 0x2d || sql[i] === 0x2e) i++;
  found.end = i;
  found.kind = i - found.start === 4 && isNull(sql, found.start) ? 'null' : 'bare';
  return i > found.start ? i : -1;
}

function readText(sql: Uint8Array, start: number, found: Literal): number {
  found.kind = 'text';
  found.start = start + 1;
  for (let i = start + 1; i < sql.length; i++) {
    if (special[sql[i]!] === 0) continue;
    if (sql[i] === backslash) {
      found.escaped = true;
      i++;
    } else if (sql[i + 1] === quote) {
      found.escaped = true;
      i++;
    } else {
      found.end = i;
      return i + 1;
    }
  }
  return -1;
}

/** Appends what sql[start, end), which stands between quotes, means. */
export function readQuoted(sql: Uint8Array, start: number, end: number, value: ByteWriter): void {
  const target = value.reserve(end - start);
  let o = value.length;
  for (let i = start; i < end; i++) {
    const byte = sql[i]!;
    if (special[byte] === 0) {
      target[o++] = byte;
    } else {
      const next = sql[++i]!;
      if (byte === quote) target[o++] = quote;
      // \% and \_ keep their backslash
      else if (next === 0x25 || next === 0x5f) {
        target[o++] = backslash;
        target[o++] = next;
      } else target[o++] = next === zero ? 0 : meanings[next] || next;
    }
  }
  value.length = o;
}

/** Appends value[0, length) for between quotes, escaped as the servers do. */
export function writeQuoted(value: Uint8Array, length: number, sql: ByteWriter): void {
  const target = sql.reserve(2 * length);
  let o = sql.length;
  for (let i = 0; i < length; i++) {
    const letter = letters[value[i]!]!;
    if (letter !== 0) target[o++] = backslash;
    target[o++] = letter === 0 ? value[i]! : letter;
  }
  sql.length = o;
}

/** True when the text may stand without quotes: a plain number. */
export function isNumber(text: Uint8Array, start: number, end: number): boolean {
  let points = 0;
  const first = text[start] === 0x2d ? start + 1 : start;
  for (let i = first; i < end; i++) {
    if (text[i] === 0x2e && i > first && i < end - 1 && points === 0) points++;
    else if (!(text[i]! >= zero && text[i]! <= 57)) return false;
  }
  return end > first;
}

function isWord(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  return (byte >= zero && byte <= 57) || ((byte | 32) >= 97 && (byte | 32) <= 122) || byte === 0x5f;
}

function isNull(sql: Uint8Array, at: number): boolean {
  return (
    (sql[at]! | 32) === 0x6e &&
    (sql[at + 1]! | 32) === 0x75 &&
    (sql[at + 2]! | 32) === 0x6c &&
    (sql[at + 3]! | 32) === 0x6c
  );
}
