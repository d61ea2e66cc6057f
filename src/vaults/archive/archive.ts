/** An archive: plain files in folders that tell what they are by their names, also those that backup-container wrote. */
import { createHash } from 'node:crypto';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { Storage, VersionWish } from '../../storage/storage.ts';
import type { EncodingChoice } from './encodings/open.ts';
import type { DecodingKeys } from './encodings/open.ts';
import { isKnownExtension } from './layout/extension.ts';
import type { Layout, ParsedArtefact, Tier } from './layout/layout.ts';
import { layouts, parseArtefact } from './layout/layout.ts';
import type { Manifest, ManifestArtefact } from './manifest.ts';
import { decodeManifest, manifestName, ownFolder } from './manifest.ts';

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
}

export interface StoredArtefact {
  /** in the storage */
  readonly name: string;
  readonly extension: string;
  /** bytes */
  readonly size: number;
  readonly manifestName: string | undefined;
  readonly known: ManifestArtefact | undefined;
}

export interface ArchiveListing {
  /** oldest first */
  readonly snapshots: readonly ArchiveSnapshot[];
  /** files of runs that were never finished, which `dated` tells by the missing manifest */
  readonly unfinished: readonly string[];
}

interface Found extends ParsedArtefact {
  readonly name: string;
  readonly layout: Layout;
  readonly size: number;
  readonly modified: number | undefined;
}

const readers = 16;

export interface ListOptions {
  readonly signal: AbortSignal;
  readonly warn: (message: string) => void;
  /** nothing but what has this for `host-database`: manifests of others are not read */
  readonly core?: string | undefined;
}

/** Code `usage` for a storage that keeps the files of repositories alone. */
export function assertHoldsArchives({ storage }: Archive): void {
  if (storage.capabilities.freeNames) return;
  throw new HoldfastError('usage', `${storage.location} keeps repositories alone, and no archives`, {
    hint: 'archives need a folder, s3:, sftp:, ftp: or rclone:',
  });
}

/** Everything that the names in the storage tell of, and the manifests beside. A manifest that is no good is told and passed over. */
export async function listArchive(
  archive: Archive,
  { signal, warn, core }: ListOptions,
): Promise<ArchiveListing> {
  const { storage } = archive;
  assertHoldsArchives(archive);
  const names = new Set<string>();
  const found: Found[] = [];
  for await (const { name, size, modified } of storage.list('', { signal })) {
    names.add(name);
    const parsed = parseName(archive, name);
    if (parsed && (core === undefined || parsed.core === core)) {
      found.push({ ...parsed, name, size, modified });
    }
  }
  const groups = Map.groupBy(found, snapshotName);
  const snapshots: ArchiveSnapshot[] = [];
  const unfinished: string[] = [];
  const read = async ([name, members]: readonly [string, readonly Found[]]) => {
    const manifests = new Map<string, Manifest>();
    for (const { layout, name } of members) {
      const manifest = manifestName(layout, name);
      if (!names.has(manifest) || manifests.has(manifest)) continue;
      try {
        manifests.set(manifest, decodeManifest(await storage.read(manifest, { signal }), manifest));
      } catch (error) {
        if (!hasCode(error, 'corrupt', 'unsupported', 'not-found', 'truncated')) throw error;
        warn(`${error.message}, and is passed over`);
      }
    }
    return { name, members, manifests };
  };
  for await (const { name, members, manifests } of mapParallel(groups, readers, read)) {
    const first = members[0]!;
    if (first.layout === 'dated' && !names.has(manifestName('dated', first.name))) {
      unfinished.push(...members.map((member) => member.name));
      continue;
    }
    snapshots.push(describe(name, members, manifests));
  }
  snapshots.sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
  return { snapshots, unfinished };
}

/** The layout that an archive has; undefined when nothing of it tells. */
export async function findLayout(archive: Archive, signal: AbortSignal): Promise<Layout | undefined> {
  if (archive.layout !== undefined) return archive.layout;
  for await (const { name } of archive.storage.list('', { signal })) {
    const parsed = parseName(archive, name);
    if (parsed) return parsed.layout;
  }
  return undefined;
}

function parseName(
  { layout, zone }: Archive,
  name: string,
): (ParsedArtefact & { readonly layout: Layout }) | undefined {
  if (name.startsWith(ownFolder)) return undefined;
  for (const one of layout === undefined ? layouts : [layout]) {
    const parsed = parseArtefact(one, name, zone);
    // any file might be one of stable name
    if (parsed && one === 'latest' && layout === undefined && !isKnownExtension(parsed.extension)) continue;
    if (parsed) return { ...parsed, layout: one };
  }
  return undefined;
}

function snapshotName({ layout, name, extension }: Found): string {
  if (layout === 'dated') return name.slice(0, name.indexOf('/'));
  return name.slice(0, name.length - extension.length);
}

function describe(
  name: string,
  members: readonly Found[],
  manifests: ReadonlyMap<string, Manifest>,
): ArchiveSnapshot {
  const { layout, core, time, tier } = members[0]!;
  const [manifest] = manifests.values();
  const artefacts = members
    .map((member): StoredArtefact => {
      const own = manifestName(layout, member.name);
      const known = manifests.get(own)?.artefacts.find((artefact) => artefact.name === member.name);
      const { extension, size } = member;
      return { name: member.name, extension, size, manifestName: known && own, known };
    })
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const modified = Math.max(...members.map((member) => member.modified ?? 0));
  return {
    id: createHash('sha256').update(name).digest('hex'),
    name: name.slice(name.lastIndexOf('/') + 1),
    ...{ layout, core, tier, manifest, artefacts },
    // that of the name is in whole seconds, and may be of an hour that comes twice
    time: manifest ? Date.parse(manifest.time) : (time ?? modified),
  };
}
