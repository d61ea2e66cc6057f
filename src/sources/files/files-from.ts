/** Lists of what to back up: --files-from with wildcards, --files-from-verbatim, --files-from-raw. */
import { lstatSync, readdirSync, statSync } from 'node:fs';
import { HoldfastError } from '../../kernel/errors.ts';
import { asBuffer } from '../../kernel/native/c-string.ts';
import { compileGlob } from '../patterns/glob.ts';
import { textLines } from '../patterns/pattern-file.ts';
import { cleanPath, joinPath, rawPath } from './path.ts';
import { pathToText, textToPath } from '../../kernel/path-text.ts';

/**
 * One pattern a line, blanks around it and `#` comments dropped, wildcards expanded.
 * @param warn told about each pattern that matches nothing
 * @throws HoldfastError `usage` for a malformed pattern
 */
export function parseFilesFrom(bytes: Uint8Array, warn: (message: string) => void): Uint8Array[] {
  const found: Uint8Array[] = [];
  for (const line of textLines(bytes)) {
    const pattern = line.trim();
    if (pattern === '' || pattern.startsWith('#')) continue;
    const paths = expandGlob(pattern);
    if (paths.length === 0) warn(`pattern ${JSON.stringify(pattern)} does not match any files, skipping`);
    found.push(...paths);
  }
  return found;
}

/** One path a line, taken as it stands. */
export function parseFilesFromVerbatim(bytes: Uint8Array): Uint8Array[] {
  return textLines(bytes)
    .filter((line) => line !== '')
    .map(textToPath);
}

/**
 * Paths that each end with a zero byte.
 * @throws HoldfastError `usage` when the last zero byte is missing or a path is empty
 */
export function parseFilesFromRaw(bytes: Uint8Array): Uint8Array[] {
  const paths: Uint8Array[] = [];
  for (let start = 0; start < bytes.length;) {
    const end = bytes.indexOf(0, start);
    if (end < 0) throw new HoldfastError('usage', '--files-from-raw: trailing zero byte missing');
    if (end === start) throw new HoldfastError('usage', '--files-from-raw: empty filename in listing');
    paths.push(bytes.slice(start, end));
    start = end + 1;
  }
  return paths;
}

/** The targets that exist, and a sentence for each that does not. */
export function existingTargets(targets: readonly Uint8Array[]): {
  existing: Uint8Array[];
  missing: { path: Uint8Array; absent: boolean }[];
} {
  const existing: Uint8Array[] = [];
  const missing: { path: Uint8Array; absent: boolean }[] = [];
  for (const path of targets) {
    try {
      lstatSync(asBuffer(path));
      existing.push(path);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      missing.push({ path, absent: code === 'ENOENT' });
    }
  }
  return { existing, missing };
}

/** Every path that a shell pattern names, in the order of names; a pattern without wildcards names itself if it exists. */
function expandGlob(pattern: string): Uint8Array[] {
  if (!/[*?[\\]/.test(pattern)) {
    const path = textToPath(pattern);
    return existingTargets([path]).existing;
  }
  const slash = pattern.lastIndexOf('/');
  const test = compileGlob(pattern.slice(slash + 1));
  if (!test) throw new HoldfastError('usage', `pattern ${JSON.stringify(pattern)}: syntax error in pattern`);
  const above = slash < 0 ? '.' : slash === 0 ? '/' : pattern.slice(0, slash);
  const directories = /[*?[\\]/.test(above) ? expandGlob(above) : [rawPath(above)];
  return directories.flatMap((directory) =>
    namesIn(directory)
      .filter((name) => test(pathToText(name)))
      .map((name) => cleanPath(joinPath(directory, name))),
  );
}

function namesIn(directory: Uint8Array): Buffer[] {
  try {
    if (!statSync(asBuffer(directory)).isDirectory()) return [];
    return readdirSync(asBuffer(directory), { encoding: 'buffer' }).sort(Buffer.compare);
  } catch {
    // as a shell does: what cannot be read holds no matches
    return [];
  }
}
