/** Paths as raw bytes, because a Linux name need not be text. Rules as in Go's path/filepath on Unix, which restic follows. */

import { textToPath } from '../../kernel/path-text.ts';

export const SLASH = 0x2f;
const DOT = 0x2e;

/** A path from text given on a command line or in a list, where bytes that are not UTF-8 stand as path-text.ts has it. */
export function rawPath(text: string): Uint8Array {
  return textToPath(text);
}

/** `directory/name`, without cleaning anything. */
export function joinPath(directory: Uint8Array, name: Uint8Array): Uint8Array<ArrayBuffer> {
  const bare = directory.length > 0 && directory[directory.length - 1] !== SLASH ? 1 : 0;
  const out = new Uint8Array(directory.length + bare + name.length);
  out.set(directory);
  if (bare === 1) out[directory.length] = SLASH;
  out.set(name, directory.length + bare);
  return out;
}

/** The last component; `/` for the root, `.` for the empty path. */
export function baseName(path: Uint8Array): Uint8Array {
  let end = path.length;
  if (end === 0) return Uint8Array.of(DOT);
  while (end > 0 && path[end - 1] === SLASH) end--;
  if (end === 0) return Uint8Array.of(SLASH);
  return path.subarray(path.lastIndexOf(SLASH, end - 1) + 1, end);
}

/** The path without its last component, cleaned: `.` when there is none, `/` at the root. */
export function directoryName(path: Uint8Array): Uint8Array {
  return cleanPath(path.subarray(0, path.lastIndexOf(SLASH) + 1));
}

export function isAbsolute(path: Uint8Array): boolean {
  return path[0] === SLASH;
}

/** The components between slashes; empty ones are left out. */
export function pathComponents(path: Uint8Array): Uint8Array[] {
  const out: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i <= path.length; i++) {
    if (i < path.length && path[i] !== SLASH) continue;
    if (i > start) out.push(path.subarray(start, i));
    start = i + 1;
  }
  return out;
}

/** The shortest equivalent path by text alone: no `.`, no doubled slash, `..` resolved where something stands before it. */
export function cleanPath(path: Uint8Array): Uint8Array {
  const rooted = isAbsolute(path);
  const kept: Uint8Array[] = [];
  for (const part of pathComponents(path)) {
    if (isDot(part)) continue;
    const last = kept[kept.length - 1];
    if (!isDotDot(part)) kept.push(part);
    else if (last !== undefined && !isDotDot(last)) kept.pop();
    else if (!rooted) kept.push(part);
  }
  if (kept.length === 0) return Uint8Array.of(rooted ? SLASH : DOT);
  const out = new Uint8Array(kept.reduce((sum, part) => sum + part.length + 1, rooted ? 0 : -1));
  let at = 0;
  for (const part of kept) {
    if (rooted || at > 0) out[at++] = SLASH;
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** The path made absolute against `directory` (an absolute one), cleaned. */
export function absolutePath(path: Uint8Array, directory: Uint8Array): Uint8Array {
  return cleanPath(isAbsolute(path) ? path : joinPath(directory, path));
}

export function isDot(name: Uint8Array): boolean {
  return name.length === 1 && name[0] === DOT;
}

export function isDotDot(name: Uint8Array): boolean {
  return name.length === 2 && name[0] === DOT && name[1] === DOT;
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
