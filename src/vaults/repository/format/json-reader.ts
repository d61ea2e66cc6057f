/** Reads JSON from bytes step by step, without building values: trees and indexes are too many and too big for JSON.parse. */
import { HoldfastError } from '../../../kernel/errors.ts';
import { readHex } from '../../../kernel/hex.ts';
import { unescapeJson } from './go-json.ts';
import { runeWidth } from './utf8.ts';

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;
const maxDepth = 10_000;

/** Bytes that end the run of plain characters in a string: quote, backslash, controls, and all beyond ASCII. */
const endsRun = new Uint8Array(256);
for (let byte = 0; byte < 256; byte++) {
  endsRun[byte] = byte < 0x20 || byte > 0x7e || byte === quote || byte === backslash ? 1 : 0;
}

/** The members of an object that are looked for, in the order in which restic writes them. */
export class FieldTable {
  readonly names: readonly Uint8Array[];
  /** the names as restic writes them: quoted, and with the colon */
  readonly keys: readonly Uint8Array[];

  constructor(names: readonly string[]) {
    this.names = names.map((name) => new TextEncoder().encode(name));
    this.keys = names.map((name) => new TextEncoder().encode(`"${name}":`));
  }
}

export class JsonReader {
  readonly bytes: Uint8Array;
  readonly end: number;
  pos: number;
  /** what is read, for error messages: 'tree', 'index' */
  private readonly what: string;

  constructor(what: string, bytes: Uint8Array, pos = 0) {
    this.what = what;
    // a plain array even for a Buffer: one kind of array keeps the loops fast
    this.bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    this.key = this.bytes;
    this.end = bytes.length;
    this.pos = pos;
  }

  /** True when a failure came from the end of the bytes: more of them may mend it. */
  get ranOut(): boolean {
    return this.pos >= this.end;
  }

  fail(why: string): never {
    const where = this.ranOut ? 'unexpected end' : why;
    throw new HoldfastError('corrupt', `malformed ${this.what}: ${where} at byte ${this.pos}`);
  }

  /** The next byte that is no white space, not consumed; -1 at the end. */
  peek(): number {
    const byte = this.bytes[this.pos]!;
    return byte > 0x20 ? byte : this.peekBehindSpace();
  }

  private peekBehindSpace(): number {
    const bytes = this.bytes;
    while (this.pos < this.end) {
      const byte = bytes[this.pos]!;
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.pos++;
    }
    return -1;
  }

  /**
   * Reads a key and its colon: the index in the table, -1 for a name that is not there. `expected` is where to begin:
   * one behind the last, for then the next member mostly is the next in the table.
   */
  readField(table: FieldTable, expected: number): number {
    const { keys, names } = table;
    for (let i = expected; i < keys.length; i++) if (this.tryBytes(keys[i]!)) return i;
    this.readKey();
    for (let i = 0; i < names.length; i++) if (this.keyIs(names[i]!)) return i;
    return -1;
  }

  /** True, and consumed, when exactly these bytes come next. */
  private tryBytes(expected: Uint8Array): boolean {
    const { bytes, pos } = this;
    const count = expected.length;
    for (let i = 0; i < count; i++) if (bytes[pos + i] !== expected[i]) return false;
    this.pos = pos + count;
    return true;
  }

  expect(byte: number): void {
    if (this.peek() !== byte) this.fail(`'${String.fromCharCode(byte)}' expected`);
    this.pos++;
  }

  /**
   * Steps to the next member of an object or element of an array and returns true, or over its `close` and returns
   * false. `first` is true for the first step, which takes no comma.
   */
  next(close: number, first: boolean): boolean {
    const byte = this.peek();
    if (byte === close) {
      this.pos++;
      return false;
    }
    if (!first) {
      if (byte !== comma) this.fail(`',' or '${String.fromCharCode(close)}' expected`);
      this.pos++;
      if (this.peek() === close) this.fail('value expected');
    }
    return true;
  }

  /** Reads a key and its colon, for `keyIs`. */
  readKey(): void {
    this.readString();
    this.key = this.plain ? this.bytes : this.text();
    this.keyStart = this.plain ? this.textStart : 0;
    this.keyEnd = this.plain ? this.textEnd : this.key.length;
    this.expect(colon);
  }

  private key: Uint8Array;
  private keyStart = 0;
  private keyEnd = 0;

  /** True when the last key is `name`. */
  keyIs(name: Uint8Array): boolean {
    const { key, keyStart: start } = this;
    const count = name.length;
    if (this.keyEnd - start !== count) return false;
    for (let i = 0; i < count; i++) if (key[start + i] !== name[i]) return false;
    return true;
  }

  /** True, and consumed, when the next value is null. */
  tryNull(): boolean {
    if (this.peek() !== 0x6e) return false;
    this.literal('null');
    return true;
  }

  private literal(text: string): void {
    for (let i = 0; i < text.length; i++, this.pos++) {
      if (this.bytes[this.pos] !== text.charCodeAt(i)) this.fail('unknown literal');
    }
  }

  /** A whole number from 0 to 2^53 - 1. */
  readUint(): number {
    const first = this.peek() - 0x30;
    if (first < 0 || first > 9) this.fail('whole number expected');
    const bytes = this.bytes;
    const start = this.pos;
    let value = first;
    for (;;) {
      const digit = bytes[++this.pos]! - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
    }
    if (value > Number.MAX_SAFE_INTEGER) this.failAt(start, 'number is too large');
    this.endNumber(start, first);
    return value;
  }

  /** A whole number from 0 to 2^64 - 1. */
  readBigUint(): bigint {
    const start = (this.peek(), this.pos);
    let at = start;
    while (this.bytes[at]! >= 0x30 && this.bytes[at]! <= 0x39) at++;
    if (at - start < 16) return BigInt(this.readUint());
    this.pos = at;
    if (at - start > 20) this.failAt(start, 'number is too large');
    let text = '';
    for (let i = start; i < at; i++) text += String.fromCharCode(this.bytes[i]!);
    const value = BigInt(text);
    if (value > 0xffff_ffff_ffff_ffffn) this.failAt(start, 'number is too large');
    this.endNumber(start, this.bytes[start]! - 0x30);
    return value;
  }

  /** Refuses leading zeros, fractions and exponents. */
  private endNumber(start: number, first: number): void {
    const byte = this.bytes[this.pos];
    if (byte === 0x2e || byte === 0x65 || byte === 0x45) this.failAt(start, 'whole number expected');
    if (first === 0 && this.pos - start > 1) this.failAt(start, 'number begins with a zero');
  }

  failAt(pos: number, why: string): never {
    this.pos = pos;
    this.fail(why);
  }

  /**
   * Reads a string; its inside stands at [textStart, textEnd) as written. `plain` says that the inside is what it stands
   * for; otherwise `text()` decodes it.
   */
  readString(): void {
    this.expect(quote);
    this.textStart = this.pos;
    this.skipString();
    this.textEnd = this.pos - 1;
  }

  textStart = 0;
  textEnd = 0;
  /** no escapes and valid UTF-8 */
  plain = true;

  /** A copy of the UTF-8 bytes that the last string stands for. */
  text(): Uint8Array {
    const { bytes, textStart: start, textEnd: end } = this;
    if (!this.plain) return unescapeJson(bytes, start, end) ?? this.failAt(start, 'bad escape in a string');
    const out = new Uint8Array(end - start);
    if (end - start > 100) out.set(bytes.subarray(start, end));
    else for (let i = start; i < end; i++) out[i - start] = bytes[i]!;
    return out;
  }

  /** From behind the opening quote to behind the closing one. */
  private skipString(): void {
    const bytes = this.bytes;
    const end = this.end;
    let at = this.pos;
    this.plain = true;
    for (;;) {
      while (endsRun[bytes[at]!] === 0) at++;
      if (at >= end) break;
      const byte = bytes[at]!;
      if (byte === quote) {
        this.pos = at + 1;
        return;
      }
      if (byte === backslash) {
        this.plain = false;
        at += 2;
      } else if (byte < 0x20) {
        this.failAt(at, 'control character in a string');
      } else {
        const width = runeWidth(bytes, at, end);
        if (width === 0) this.plain = false;
        at += width || 1;
      }
    }
    this.pos = end;
    this.fail('string without end');
  }

  /** A string of 64 hex digits into `out[at, at + 32)`. */
  readId(out: Uint8Array, at: number): void {
    this.expect(quote);
    const start = this.pos;
    if (start + 65 > this.end && this.bytes.indexOf(quote, start) < 0)
      this.failAt(this.end, 'id without end');
    if (this.bytes[start + 64] !== quote || !readHex(this.bytes, start, out, at, 32)) {
      this.fail('id of 64 hex digits expected');
    }
    this.pos = start + 65;
  }

  /** Skips one value of any kind. */
  skipValue(): void {
    // the closing brackets that are awaited
    const open: number[] = [];
    let first = true;
    for (;;) {
      const close = open.at(-1);
      if (close !== undefined) {
        if (!this.next(close, first)) {
          open.pop();
          first = false;
          if (open.length === 0) return;
          continue;
        }
        if (close === 0x7d) this.readKey();
      }
      const byte = this.peek();
      if (byte === 0x7b || byte === 0x5b) {
        if (open.length === maxDepth) this.fail('nesting is too deep');
        open.push(byte + 2);
        this.pos++;
        first = true;
        continue;
      }
      this.skipScalar(byte);
      if (open.length === 0) return;
      first = false;
    }
  }

  private skipScalar(byte: number): void {
    if (byte === quote) {
      this.readString();
      if (!this.plain) this.text();
    } else if (byte === 0x74) this.literal('true');
    else if (byte === 0x66) this.literal('false');
    else if (byte === 0x6e) this.literal('null');
    else this.skipNumber();
  }

  private skipNumber(): void {
    const start = this.pos;
    let text = '';
    for (let byte = this.bytes[this.pos]; byte !== undefined; byte = this.bytes[++this.pos]) {
      const digit = byte >= 0x30 && byte <= 0x39;
      if (!digit && byte !== 0x2d && byte !== 0x2b && byte !== 0x2e && (byte | 0x20) !== 0x65) break;
      text += String.fromCharCode(byte);
    }
    if (/^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/.test(text)) return;
    if (this.ranOut) this.fail('value expected');
    this.failAt(start, 'value expected');
  }

  /** Nothing but white space may follow. */
  expectEnd(): void {
    if (this.peek() !== -1) this.fail('something follows the end');
  }
}
