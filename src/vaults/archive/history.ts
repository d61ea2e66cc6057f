/**
 * What a bucket still has of files of stable name that were replaced or deleted: each run of them is a snapshot, with the
 * manifests of its time. Nothing here removes any: the bucket's lifecycle does.
 */
import { createHash } from 'node:crypto';
import { type HoldfastError, hasCode } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { StoredVersion } from '../../storage/storage.ts';
import type { Archive, ArchiveSnapshot, StoredArtefact } from './archive.ts';
import { findLayout, parseName } from './archive.ts';
import type { ListOptions } from './listing.ts';
import { type Manifest, decodeManifest, manifestName, toldByManifest } from './manifest.ts';

/** One replaced version of an artefact, and what its manifest told of it then. */
interface Replaced {
  readonly stem: string;
  readonly core: string;
  readonly artefact: StoredArtefact & { readonly version: string };
  readonly manifest: Manifest | undefined;
  /** milliseconds since 1970 */
  readonly modified: number;
  readonly deleted: number | undefined;
}

interface ManifestVersion {
  readonly modified: number;
  readonly manifest: Manifest;
}

const readers = 16;

/** Oldest first; empty for other layouts, and for storages without versions. What may not be listed is told. */
export async function listOlder(
  archive: Archive,
  { signal, warn }: Omit<ListOptions, 'core'>,
): Promise<readonly ArchiveSnapshot[]> {
  const { storage } = archive;
  if (!storage.listVersions || ((await findLayout(archive, signal)) ?? 'latest') !== 'latest') return [];
  const versions = new Map<string, StoredVersion[]>();
  try {
    for await (const version of storage.listVersions('', { signal })) {
      const known = versions.get(version.name);
      if (known) known.push(version);
      else versions.set(version.name, [version]);
    }
  } catch (error) {
    // what is current is there for whoever may not, and on servers that do not know of versions
    if (!hasCode(error, 'forbidden', 'unsupported', 'corrupt')) throw error;
    warn(`older versions are not listed: ${error.message}`);
    return [];
  }
  const names = new Set(versions.keys());
  const own = [...versions].filter(
    ([name, all]) =>
      parseName(archive, name, names)?.layout === 'latest' &&
      all.some(({ isCurrent, isDeletion }) => !isCurrent && !isDeletion),
  );
  const manifests = await readManifests(
    archive,
    own.flatMap(([name]) => versions.get(manifestName('latest', name)) ?? []),
    { signal, warn },
  );
  const replaced = own.flatMap(([name, all]) => replacedOf(archive, name, all, manifests.get(name) ?? []));
  return snapshotsOf(replaced);
}

/** By the artefact's name, oldest first. Those that cannot be read are told: their artefacts are as without one. */
async function readManifests(
  { storage }: Archive,
  versions: readonly StoredVersion[],
  { signal, warn }: Omit<ListOptions, 'core'>,
): Promise<Map<string, ManifestVersion[]>> {
  const found = new Map<string, ManifestVersion[]>();
  let refused: HoldfastError | undefined;
  const read = async ({
    name,
    version,
    modified = 0,
  }: StoredVersion): Promise<ManifestVersion | undefined> => {
    try {
      return { modified, manifest: decodeManifest(await storage.read(name, { version, signal }), name) };
    } catch (error) {
      if (hasCode(error, 'forbidden')) refused = error;
      else if (hasCode(error, 'corrupt', 'unsupported', 'not-found', 'truncated')) {
        warn(`an older version of ${error.message}, and is passed over`);
      } else throw error;
      return undefined;
    }
  };
  const readable = versions.filter(({ isDeletion }) => !isDeletion);
  for await (const one of mapParallel(readable, readers, read)) {
    for (const { name } of one?.manifest.artefacts ?? []) found.set(name, [...(found.get(name) ?? []), one!]);
  }
  if (refused) warn(`manifests of older versions are not read: ${refused.message}`);
  for (const all of found.values()) {
    all.sort((a, b) => a.modified - b.modified || Date.parse(a.manifest.time) - Date.parse(b.manifest.time));
  }
  return found;
}

/**
 * A manifest is written after its artefact and before the next one of that name: its version is the first between the
 * two that tells of the same size.
 */
function replacedOf(
  archive: Archive,
  name: string,
  versions: readonly StoredVersion[],
  manifests: readonly ManifestVersion[],
): Replaced[] {
  const parsed = parseName({ ...archive, layout: 'latest' }, name)!;
  const [newest] = versions;
  const deleted = newest?.isDeletion ? newest.modified : undefined;
  const free = new Set(manifests);
  const found: Replaced[] = [];
  for (let i = versions.length - 1; i > 0; i--) {
    const { version, size, modified = 0, isDeletion } = versions[i]!;
    const until = versions[i - 1]!.modified ?? Number.POSITIVE_INFINITY;
    if (isDeletion) continue;
    const told = ({ manifest }: ManifestVersion) => manifest.artefacts.find((one) => one.name === name);
    const own = [...free].find(
      (one) => one.modified >= modified && one.modified <= until && told(one)?.stored.size === size,
    );
    if (own) free.delete(own);
    const known = own && told(own);
    const { core, extension } = toldByManifest(parsed, name, own?.manifest);
    const artefact = {
      ...{ name, extension, size, version, known },
      manifestName: known && manifestName('latest', name),
    };
    const stem = name.slice(0, name.length - extension.length);
    found.push({ stem, core, artefact, manifest: own?.manifest, modified, deleted });
  }
  return found;
}

/** Files of one run have one time in their manifests; what has none is a snapshot by itself. */
function snapshotsOf(replaced: readonly Replaced[]): readonly ArchiveSnapshot[] {
  const groups = new Map<string, Replaced[]>();
  for (const one of replaced) {
    const { stem, manifest, artefact } = one;
    const key = `${stem}\0${manifest?.time ?? artefact.version}`;
    const others = groups.get(key);
    const isTaken = others?.some((other) => other.artefact.name === artefact.name);
    if (others && !isTaken) others.push(one);
    else groups.set(isTaken ? `${key}\0${artefact.version}` : key, [one]);
  }
  return [...groups]
    .map(([key, members]): ArchiveSnapshot => {
      const { stem, core, manifest, modified, deleted } = members[0]!;
      const time = manifest ? Date.parse(manifest.time) : modified;
      return {
        id: createHash('sha256').update(key).digest('hex'),
        name: `${stem}@${new Date(time).toISOString().slice(0, 19).replace('T', '_').replaceAll(':', '-')}Z`,
        ...{ layout: 'latest', core, time, tier: undefined, manifest, older: { deleted } },
        artefacts: members.map(({ artefact }) => artefact).toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      };
    })
    .toSorted((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
}
