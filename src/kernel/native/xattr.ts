/** Extended attributes, which carry POSIX ACLs and capabilities too. Node has no calls for them: without libc there are none. */
import { cString } from './c-string.ts';
import { type Libc, libc } from './libc.ts';
import { checkResult } from './system-error.ts';

const ENODATA = -61;
const ENOTSUP = -95;
const ERANGE = -34;
const E2BIG = -7;

let listBuffer = Buffer.alloc(4096);
let valueBuffer = Buffer.alloc(4096);

export interface Attribute {
  /** UTF-8 */
  readonly name: string;
  readonly value: Uint8Array;
}

/** Whether attributes can be read and written here at all; where not, entries are kept without them. */
export const attributesSupported: boolean = libc !== null;

/**
 * Names of the attributes of what `path` itself names (a symlink is not followed), in the order the system gives.
 * A file system that has none answers with an empty list.
 */
export function listAttributes(path: Uint8Array, native: Libc | null = libc): Uint8Array[] {
  if (!native) return [];
  return list(path, (out) => native.listAttributes(cString(path), out));
}

/** The same for an open file; `path` is for messages alone. */
export function listAttributesOf(fd: number, path: Uint8Array, native: Libc | null = libc): Uint8Array[] {
  if (!native) return [];
  return list(path, (out) => native.listAttributesOf(fd, out));
}

/** One value; an attribute that is gone or not supported reads as empty. `name` has no zero byte at its end. */
export function getAttribute(path: Uint8Array, name: Uint8Array, native: Libc | null = libc): Uint8Array {
  if (!native) return new Uint8Array(0);
  const n = growing(
    'get attribute of',
    path,
    (out) => native.getAttribute(cString(path), cString(name), out),
    () => valueBuffer,
    (bigger) => (valueBuffer = bigger),
  );
  return new Uint8Array(valueBuffer.subarray(0, n));
}

/** Sets or replaces; false when the file system keeps no such attribute. */
export function setAttribute(path: Uint8Array, attribute: Attribute, native: Libc | null = libc): boolean {
  if (!native) return false;
  const name = cString(Buffer.from(attribute.name));
  return supported(path, native.setAttribute(cString(path), name, attribute.value));
}

export function setAttributeOf(
  fd: number,
  path: Uint8Array,
  attribute: Attribute,
  native: Libc | null = libc,
): boolean {
  if (!native) return false;
  return supported(path, native.setAttributeOf(fd, cString(Buffer.from(attribute.name)), attribute.value));
}

export function removeAttribute(path: Uint8Array, name: Uint8Array, native: Libc | null = libc): void {
  if (native) supported(path, native.removeAttribute(cString(path), cString(name)));
}

export function removeAttributeOf(
  fd: number,
  path: Uint8Array,
  name: Uint8Array,
  native: Libc | null = libc,
): void {
  if (native) supported(path, native.removeAttributeOf(fd, cString(name)));
}

function supported(path: Uint8Array, result: number): boolean {
  if (result === ENOTSUP || result === ENODATA) return false;
  checkResult('set attribute of', path, result);
  return true;
}

function list(path: Uint8Array, call: (out: Uint8Array) => number): Uint8Array[] {
  const n = growing(
    'list attributes of',
    path,
    call,
    () => listBuffer,
    (bigger) => (listBuffer = bigger),
  );
  const names: Uint8Array[] = [];
  for (let start = 0; start < n;) {
    const end = listBuffer.indexOf(0, start);
    names.push(new Uint8Array(listBuffer.subarray(start, end)));
    start = end + 1;
  }
  return names;
}

function growing(
  what: string,
  path: Uint8Array,
  call: (out: Uint8Array) => number,
  current: () => Buffer<ArrayBuffer>,
  replace: (bigger: Buffer<ArrayBuffer>) => void,
): number {
  for (;;) {
    const n = call(current());
    if (n === ENOTSUP || n === ENODATA) return 0;
    if ((n !== ERANGE && n !== E2BIG) || current().length >= 1 << 24) return checkResult(what, path, n);
    replace(Buffer.alloc(current().length * 4));
  }
}
