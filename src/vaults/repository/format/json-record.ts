/** Small JSON files (config, keys, snapshots, locks): checked fields in, Go's escapes out. */
import { isUtf8 } from 'node:buffer';
import { HoldfastError } from '../../../kernel/errors.ts';

export type JsonRecord = Readonly<Record<string, unknown>>;

/** Reads checked fields of one JSON object; every failure is a `corrupt` that names the field. */
export class RecordReader {
  readonly record: JsonRecord;
  private readonly what: string;

  /** `what` names the file in messages: 'snapshot'. */
  constructor(what: string, json: Uint8Array | JsonRecord) {
    this.what = what;
    this.record = json instanceof Uint8Array ? parseObject(what, json) : json;
  }

  fail(name: string, why: string): never {
    throw new HoldfastError('corrupt', `malformed ${this.what}: ${name} ${why}`);
  }

  /** Text; `missing` stands for null and for a field that is not there. */
  text(name: string, missing?: string): string {
    const value = this.record[name] ?? missing;
    if (typeof value !== 'string') return this.fail(name, value === undefined ? 'is missing' : 'is no text');
    return value;
  }

  /** A whole number from 0 to `max`. */
  uint(name: string, missing?: number, max = Number.MAX_SAFE_INTEGER): number {
    const value = this.record[name] ?? missing;
    if (value === undefined) return this.fail(name, 'is missing');
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
      return this.fail(name, `is no whole number from 0 to ${max}`);
    }
    return value;
  }

  flag(name: string, missing: boolean): boolean {
    const value = this.record[name] ?? missing;
    if (typeof value !== 'boolean') return this.fail(name, 'is neither true nor false');
    return value;
  }

  /** Lower-case hex of an id; undefined for null and for a field that is not there. */
  id(name: string): string | undefined {
    const value = this.record[name] ?? undefined;
    if (value === undefined) return undefined;
    if (typeof value !== 'string' || !/^[0-9a-fA-F]{64}$/.test(value))
      return this.fail(name, 'is no id of 64 hex digits');
    return value.toLowerCase();
  }

  texts(name: string): string[] {
    const value = this.record[name] ?? [];
    if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
      return this.fail(name, 'is no list of texts');
    }
    return value;
  }

  /** Bytes from base64. */
  bytes(name: string): Uint8Array {
    const text = this.text(name);
    if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) {
      return this.fail(name, 'is no base64');
    }
    return new Uint8Array(Buffer.from(text, 'base64'));
  }

  /** Another object inside this one; undefined for null and for a field that is not there. */
  inner(name: string): RecordReader | undefined {
    const value = this.record[name] ?? undefined;
    if (value === undefined) return undefined;
    if (!isRecord(value)) return this.fail(name, 'is no object');
    return new RecordReader(`${this.what} ${name}`, value);
  }
}

function parseObject(what: string, json: Uint8Array): JsonRecord {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(json.buffer, json.byteOffset, json.length).toString('utf8'));
  } catch (error) {
    const why = json.length === 0 ? 'it is empty' : isUtf8(json) ? 'it is no JSON' : 'it is no text';
    throw new HoldfastError('corrupt', `malformed ${what}: ${why}`, { cause: error });
  }
  if (!isRecord(value)) throw new HoldfastError('corrupt', `malformed ${what}: it is no JSON object`);
  return value;
}

function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON of plain values with Go's escapes, in the order of the keys; undefined members are left out. */
export function stringify(value: unknown): Uint8Array<ArrayBuffer> {
  const json = JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'string' ? item.toWellFormed() : item,
  );
  const escaped = json.replace(
    /[<>&\u2028\u2029]/g,
    (special) => `\\u${special.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return new Uint8Array(Buffer.from(escaped, 'utf8'));
}

/** What Go's omitempty does: zero values are left out. */
export function unlessEmpty<T extends string | number | readonly unknown[]>(value: T): T | undefined {
  return value === 0 || (typeof value !== 'number' && value.length === 0) ? undefined : value;
}
