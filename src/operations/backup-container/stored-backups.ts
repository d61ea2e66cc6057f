/** Which backups there are, in the folder and as copies elsewhere. Whose one is, its whole name says: never a part of it. */
import { basename } from 'node:path';
import type { Storage } from '../../storage/storage.ts';
import { gzipEncoding } from '../../vaults/archive/encodings/gzip.ts';
import { parseArtefact, type Tier } from '../../vaults/archive/layout/layout.ts';

/** What is kept as `YYYY-MM-DD/host-database_YYYY-MM-DD_HH-MM-SS.sql.gz` in the folder, and without folders elsewhere. */
export interface BackupPlace {
  readonly kind: 'folder' | 'S3' | 'FTP';
  readonly storage: Storage;
}

export interface StoredBackup {
  readonly place: BackupPlace;
  /** in the storage of the place */
  readonly name: string;
  /** `host-database` */
  readonly core: string;
  /** milliseconds since 1970 */
  readonly time: number;
  /** the folder of the rolling strategy that it lies in; undefined for all others */
  readonly tier: Tier | undefined;
  /** bytes */
  readonly size: number;
}

export const backupExtension = '.sql.gz';

/** Anything else in the place is passed over: unfinished files, files of others. */
export async function* listBackups(
  place: BackupPlace,
  { core, signal }: { readonly core?: string; readonly signal: AbortSignal },
): AsyncGenerator<StoredBackup, void, void> {
  const isFlat = place.kind !== 'folder';
  const prefix = isFlat && core !== undefined ? `${core}_` : '';
  for await (const { name, size } of place.storage.list(prefix, { signal })) {
    const found = isFlat
      ? parseArtefact('flat', name)
      : (parseArtefact('rolling', name) ?? parseArtefact('daily', name));
    if (found?.time === undefined || found.extension !== backupExtension) continue;
    if (core !== undefined && found.core !== core) continue;
    yield { place, name, core: found.core, time: found.time, tier: found.tier, size };
  }
}

/** What an unfinished backup adds to its name. */
export const unfinishedSuffix = '.in_progress';

/** Unfinished backups in the folder that nobody has written to since, milliseconds since 1970: who wrote them is dead. */
export async function* listUnfinished(
  place: BackupPlace,
  core: string,
  { before, signal }: { readonly before: number; readonly signal: AbortSignal },
): AsyncGenerator<StoredBackup, void, void> {
  if (place.kind !== 'folder') return;
  for await (const { name, size, modified } of place.storage.list('', { signal })) {
    if (!name.endsWith(unfinishedSuffix) || (modified ?? before) >= before) continue;
    const finished = name.slice(0, -unfinishedSuffix.length);
    const found = parseArtefact('rolling', finished) ?? parseArtefact('daily', finished);
    if (found?.time === undefined || found.core !== core) continue;
    yield { place, name, core, time: found.time, tier: found.tier, size };
  }
}

/** The file as people find it. */
export function pathOf({ place, name }: Pick<StoredBackup, 'place' | 'name'>): string {
  return `${place.storage.location.replace(/\/+$/, '')}/${name}`;
}

/** The script that the backup holds, as often as it is asked for. Codes `corrupt`, `truncated`, and those of storages. */
export function openBackup(
  { place, name }: Pick<StoredBackup, 'place' | 'name'>,
  signal: AbortSignal,
): () => AsyncIterable<Uint8Array> {
  return () => gzipEncoding().decode(place.storage.stream(name, { signal }), signal);
}

/** What copies are called. */
export function flatName(name: string): string {
  return basename(name);
}
