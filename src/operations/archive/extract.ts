/** Writes one file of an archive, decoded, into a folder: whole, or not at all. */
import { join } from 'node:path';
import { createLocalStorage } from '../../storage/local.ts';
import type { Archive, StoredArtefact } from '../../vaults/archive/archive.ts';
import { createDigest } from '../../vaults/archive/digest.ts';
import { openArtefact, plainNameOf } from '../../vaults/archive/reader.ts';

/** Codes of the reader, and of the file system. */
export async function extractFile(
  archive: Archive,
  artefact: StoredArtefact,
  folder: string,
  signal: AbortSignal,
): Promise<{ readonly path: string; readonly size: number }> {
  const name = plainNameOf(artefact.name);
  const digest = createDigest();
  const bytes = digest.watch(openArtefact(archive, artefact, signal));
  await createLocalStorage(folder).write(name, bytes, { signal });
  return { path: join(folder, name), size: digest.end().size };
}
