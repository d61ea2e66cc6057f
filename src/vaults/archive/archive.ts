/** An archive: plain files in folders that tell what they are by their names, also those that backup-container wrote. */
import { createHash } from 'node:crypto';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { Storage, VersionWish } from '../../storage/storage.ts';
import type { EncodingChoice } from './encodings/open.ts';
import type { DecodingKeys } from './encodings/open.ts';
import { isKnownExtension, variantOf } from './layout/extension.ts';
import type { Layout, ParsedArtefact, Tier } from './layout/layout.ts';
import { layouts, manifestSuffix, parseArtefact } from './layout/layout.ts';
import type { Manifest, ManifestArtefact } from './manifest.ts';
import {
  datedManifest,
  decodeManifest,
  manifestFolder,
  manifestName,
  ownFolder,
  toldByManifest,
  unfinishedName,
} from './manifest.ts';

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

export interface ArchiveListing {
  /** oldest first */
  readonly snapshots: readonly ArchiveSnapshot[];
  /** files of runs of `dated` that were never finished: there is what tells so, and no manifest */
  readonly unfinished: readonly string[];
  /** what manifests tell of and is not there; only where all of the archive was looked at */
  readonly lost: readonly LostArtefact[];
}

export interface LostArtefact {
  readonly name: string;
  readonly manifestName: string;
  readonly manifest: Manifest;
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

/**
 * Everything that the names in the storage tell of, and the manifests beside. A manifest that is no good is told and passed
 * over. Code `no-repository` where nothing is an archive's: a disk that is not mounted looks like one that is empty.
 */
export async function listArchive(
  archive: Archive,
  { signal, warn, core }: ListOptions,
): Promise<ArchiveListing> {
  const { storage } = archive;
  assertHoldsArchives(archive);
  const objects = await Array.fromAsync(storage.list('', { signal }));
  const names = new Set(objects.map(({ name }) => name));
  const named: Found[] = [];
  for (const { name, size, modified } of objects) {
    const parsed = parseName(archive, name, names);
    const isMeant =
      core === undefined ||
      parsed?.core === core ||
      (parsed?.layout === 'latest' && name.startsWith(`${core}.`));
    if (parsed && isMeant) named.push({ ...parsed, name, size, modified });
  }
  const snapshots: ArchiveSnapshot[] = [];
  const unfinished: string[] = [];
  const readManifest = async (name: string): Promise<Manifest | undefined> => {
    try {
      return decodeManifest(await storage.read(name, { signal }), name);
    } catch (error) {
      if (!hasCode(error, 'corrupt', 'unsupported', 'not-found', 'truncated')) throw error;
      warn(`${error.message}, and is passed over`);
      return undefined;
    }
  };
  const stable = new Map<string, Manifest | undefined>();
  const ofStable = named.filter(
    (one) => one.layout === 'latest' && names.has(manifestName('latest', one.name)),
  );
  for await (const [name, manifest] of mapParallel(
    ofStable.map(({ name }) => manifestName('latest', name)),
    readers,
    async (name) => [name, await readManifest(name)] as const,
  )) {
    stable.set(name, manifest);
  }
  const manifestOf = ({ name }: Found) => stable.get(manifestName('latest', name));
  const found = named
    .map((one) => (one.layout === 'latest' ? toldByManifest(one, one.name, manifestOf(one)) : one))
    .filter((one) => core === undefined || one.core === core);
  const groups = Map.groupBy(found, namesOfSnapshots(found, manifestOf));
  const lost: LostArtefact[] = [];
  const seen = new Set<string>();
  const addLost = (manifestName: string, manifest: Manifest): void => {
    const gone = core === undefined ? manifest.artefacts.filter(({ name }) => !names.has(name)) : [];
    lost.push(...gone.map(({ name }) => ({ name, manifestName, manifest })));
  };
  const read = async ([name, members]: readonly [string, readonly Found[]]) => {
    const manifests = new Map<string, Manifest>();
    for (const { layout, name } of members) {
      const own = manifestName(layout, name);
      if (!names.has(own) || seen.has(own)) continue;
      seen.add(own);
      const manifest = stable.has(own) ? stable.get(own) : await readManifest(own);
      if (manifest) manifests.set(own, manifest);
    }
    return { name, members, manifests };
  };
  for await (const { name, members, manifests } of mapParallel(groups, readers, read)) {
    const first = members[0]!;
    const mark = unfinishedName(first.name);
    if (first.layout === 'dated' && names.has(mark) && !names.has(manifestName('dated', first.name))) {
      unfinished.push(...members.map((member) => member.name), mark);
      continue;
    }
    for (const [manifestName, manifest] of manifests) addLost(manifestName, manifest);
    snapshots.push(describe(name, members, manifests));
  }
  const folders = new Set(found.map(({ name }) => unfinishedName(name)));
  for (const name of names) {
    const isMark = name.endsWith('/unfinished') && datedManifest.test(manifestName('dated', name));
    if (isMark && !folders.has(name) && !names.has(manifestName('dated', name))) unfinished.push(name);
  }
  const alone =
    core === undefined ? [...names].filter((name) => isManifest(archive, name) && !seen.has(name)) : [];
  for await (const [name, manifest] of mapParallel(
    alone,
    readers,
    async (name) => [name, await readManifest(name)] as const,
  )) {
    if (manifest) addLost(name, manifest);
  }
  if (core === undefined && snapshots.length + unfinished.length + lost.length === 0)
    refuseNone(archive, names);
  snapshots.sort((a, b) => a.time - b.time || (a.name < b.name ? -1 : 1));
  return { snapshots, unfinished, lost };
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
    else if (parsed) return parsed.layout;
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
function isManifest({ layout }: Archive, name: string): boolean {
  if (name.startsWith(manifestFolder)) return true;
  if (layout !== 'latest' && datedManifest.test(name)) return true;
  const isPlain = !name.includes('/') && name.endsWith(manifestSuffix);
  return isPlain && (layout === undefined || layout === 'latest');
}

function refuseNone({ storage, layout }: Archive, names: ReadonlySet<string>): never {
  const { location } = storage;
  if (names.size === 0) {
    throw new HoldfastError('no-repository', `there is no archive at ${location}: nothing lies there`, {
      hint: 'is it mounted, and written right? the first backup makes an archive',
    });
  }
  const laidOut = layout === undefined ? '' : ` of the layout ${layout}`;
  throw new HoldfastError(
    'no-repository',
    `there is no archive${laidOut} at ${location}: none of its files is named as a backup`,
    {
      hint: names.has('config')
        ? 'it looks like a repository: name it without archive:'
        : 'another folder, or another --layout?',
    },
  );
}

/** Files of one stable name that are of several sources are a snapshot each, with their ending in its name. */
function namesOfSnapshots(
  found: readonly Found[],
  manifestOf: (one: Found) => Manifest | undefined,
): (one: Found) => string {
  const sources = new Map<string, Set<string>>();
  for (const one of found) {
    const paths = one.layout === 'latest' ? manifestOf(one)?.source.paths.join('\0') : undefined;
    if (paths !== undefined) sources.set(one.core, (sources.get(one.core) ?? new Set()).add(paths));
  }
  return ({ layout, name, core, extension }) => {
    if (layout === 'dated') return name.slice(0, name.indexOf('/'));
    const stem = name.slice(0, name.length - extension.length);
    const isShared = layout === 'latest' && (sources.get(core)?.size ?? 0) > 1;
    return isShared ? stem + variantOf(extension) : stem;
  };
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
