/** What an archive holds, by the names of its files and the manifests beside them. */
import { createHash } from 'node:crypto';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import { mapParallel } from '../../kernel/parallel.ts';
import type { Archive, ArchiveSnapshot, StoredArtefact } from './archive.ts';
import { assertHoldsArchives, isManifest, parseName } from './archive.ts';
import { variantOf } from './layout/extension.ts';
import type { Layout, ParsedArtefact } from './layout/layout.ts';
import type { Manifest } from './manifest.ts';
import { datedManifest, decodeManifest, manifestName, toldByManifest, unfinishedName } from './manifest.ts';

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
