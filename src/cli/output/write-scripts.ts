/** Writes the scripts of a dump into a folder, compressed, each whole or not at all. */
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { DumpFile } from '../../sources/database/driver.ts';
import { unwritable } from './unwritable.ts';

/** The paths that were written. */
export async function writeScripts(
  folder: string,
  files: readonly DumpFile[],
  signal: AbortSignal,
): Promise<string[]> {
  const written: string[] = [];
  for (const { name, bytes } of files) {
    const path = join(folder, `${name}.gz`);
    // the image runs what ends in .sql.gz
    const unfinished = `${path}.unfinished`;
    try {
      await mkdir(folder, { recursive: true });
      // there may be secrets of roles in it, and rows
      const file = createWriteStream(unfinished, { mode: 0o600, flush: true });
      await pipeline(bytes, createGzip(), file, { signal });
      await rename(unfinished, path);
    } catch (cause) {
      await rm(unfinished, { force: true });
      throw unwritable(path, cause);
    }
    written.push(path);
  }
  return written;
}
