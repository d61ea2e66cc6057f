/** An archive: plain files in folders that tell what they are by their names, also those that backup-container wrote. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Storage, VersionWish } from '../../storage/storage.ts';
import type { EncodingChoice } from './encodings/open.ts';
import type { DecodingKeys } from './encodings/open.ts';
import { isKnownExtension } from './layout/extension.ts';
import type { Layout, ParsedArtefact, Tier } from './layout/layout.ts';
import { layouts, manifestSuffix, parseArtefact } from './layout/layout.ts';
import type { Manifest, ManifestArtefact } from './manifest.ts';
import { datedManifest, manifestFolder, manifestName, ownFolder } from './manifest.ts';

export interface Archive {
  readonly storage: Storage;
  /** undefined: as it is, and `dated` for a new one */
  readonly layout: Layout | undefined;
  /** of the times in names; this machine's when undefined */
  readonly zone?: string | undefined;
  /** keep links to the newest in `latest/`, where the storage has links; only in `dated` when undefined */
  readonly links?: boolean | undefined;
  /** of `latest`, on storages that have versions; 45 and a day when undefined, nothing is set when false */
  readonly versions?: VersionWish | false | undefined;
  /** what is written passes through these, first to last */
  readonly encode: readonly EncodingChoice[];
  /** what opens what was encrypted */
  readonly keys: DecodingKeys;
  /** milliseconds to go on trying while somebody else writes what has the same name; a few seconds at least */
  readonly retryLock?: number | undefined;
}

export interface ArchiveSnapshot {
  /** SHA-256 of its name, in hexadecimal */
  readonly id: string;
  /** as people call it: the file or the folder, without endings */
  readonly name: string;
  readonly layout: Layout;
  readonly core: string;
  /** milliseconds since 1970 */
  readonly time: number;
  readonly tier: Tier | undefined;
  /** those of what made it; undefined for what has none */
  readonly manifest: Manifest | undefined;
  readonly artefacts: readonly StoredArtefact[];
  /** it is what a bucket keeps of files that were replaced, or were deleted then: milliseconds since 1970 */
  readonly older?: { readonly deleted: number | undefined };
}

export interface StoredArtefact {
  /** in the storage */
  readonly name: string;
  readonly extension: string;
  /** bytes */
  readonly size: number;
  readonly manifestName: string | undefined;
  readonly known: ManifestArtefact | undefined;
  /** of what was replaced on a storage that keeps versions */
  readonly version?: string;
}

/** Code `usage` for a storage that keeps the files of repositories alone. */
export function assertHoldsArchives({ storage }: Archive): void {
  if (storage.capabilities.freeNames) return;
  throw new HoldfastError('usage', `${storage.location} keeps repositories alone, and no archives`, {
    hint: 'archives need a folder, s3:, sftp:, ftp: or rclone:',
  });
}

/** The layout that an archive has; undefined when nothing of it tells. */
export async function findLayout(archive: Archive, signal: AbortSignal): Promise<Layout | undefined> {
  if (archive.layout !== undefined) return archive.layout;
  let isFlat = false;
  for await (const { name } of archive.storage.list('', { signal })) {
    if (!name.includes('/') && name.endsWith(manifestSuffix)) return 'latest';
    const parsed = parseName(archive, name);
    // a stable name may look like one with a time: its manifest beside it tells
    if (parsed?.layout === 'flat') isFlat = true;
    // any file might have a stable name: without a manifest it tells nothing
    else if (parsed && parsed.layout !== 'latest') return parsed.layout;
  }
  return isFlat ? 'flat' : undefined;
}

/** What a name says in this archive; `names` are all there are, as far as they are known. */
export function parseName(
  { layout, zone }: Archive,
  name: string,
  names?: ReadonlySet<string>,
): (ParsedArtefact & { readonly layout: Layout }) | undefined {
  if (name.startsWith(ownFolder)) return undefined;
  for (const one of layout === undefined ? layouts : [layout]) {
    const parsed = parseArtefact(one, name, zone);
    const isStable = layout === undefined && names?.has(manifestName('latest', name));
    if (one === 'flat' && isStable) continue;
    // any file might be one of stable name
    const isCertain = layout !== undefined || one !== 'latest' || names?.has(manifestName(one, name));
    if (parsed && !isCertain && !isKnownExtension(parsed.extension)) continue;
    if (parsed) return { ...parsed, layout: one };
  }
  return undefined;
}

/** Whether it is the name of a manifest. */
export function isManifest({ layout }: Archive, name: string): boolean {
  if (name.startsWith(manifestFolder)) return true;
  if (layout !== 'latest' && datedManifest.test(name)) return true;
  const isPlain = !name.includes('/') && name.endsWith(manifestSuffix);
  return isPlain && (layout === undefined || layout === 'latest');
}
