/** Chooses snapshots of an archive, and artefacts of one. */
import type { Context } from '../../kernel/context.ts';
import { HoldfastError, hasCode } from '../../kernel/errors.ts';
import type { Archive, ArchiveSnapshot, StoredArtefact } from '../../vaults/archive/archive.ts';
import { listOlder } from '../../vaults/archive/history.ts';
import { variantOf } from '../../vaults/archive/layout/extension.ts';
import { coreName } from '../../vaults/archive/layout/layout.ts';
import type { ArchiveListing, ListOptions, LostArtefact } from '../../vaults/archive/listing.ts';
import { listArchive } from '../../vaults/archive/listing.ts';
import type { Manifest } from '../../vaults/archive/manifest.ts';
import type { SnapshotFilter } from '../../vaults/repository/snapshot-filter.ts';
import { hasTags } from '../forget-policy.ts';

/** Paths may be names as well, such as `db-shop`. Oldest first. Code `not-found` for an id that nothing has, `usage` for one that several have. */
export async function findArchiveSnapshots(
  archive: Archive,
  filter: SnapshotFilter,
  context: Context,
  older: OlderWish = 'named',
): Promise<readonly ArchiveSnapshot[]> {
  const { signal } = context;
  const warn = (message: string): void => context.warn(message);
  const { snapshots, lost } = await listWithOlder(archive, filter, older, { signal, warn });
  const chosen = chooseSnapshots(snapshots, filter);
  for (const { core, older } of filter.ids?.length ? chosen : []) {
    if (older?.deleted === undefined) continue;
    warn(`${core} was deleted at ${new Date(older.deleted).toISOString()}: this is a version from before`);
  }
  for (const { name } of chooseLost(lost, chosen, filter))
    warn(`${name} is missing: its manifest tells of it`);
  return chosen;
}

/** Of what was replaced and a bucket still has: all, what ids mean and nothing current is called, nothing. */
export type OlderWish = 'all' | 'named' | 'none';

/** What is there, oldest first, and what was there as far as it is wished for. Codes of `listArchive`. */
export async function listWithOlder(
  archive: Archive,
  filter: SnapshotFilter,
  wish: OlderWish,
  options: ListOptions,
): Promise<ArchiveListing> {
  let nothing: HoldfastError | undefined;
  const listing = await listArchive(archive, options).catch((error: unknown): ArchiveListing => {
    // all of it may have been deleted
    if (wish === 'none' || !hasCode(error, 'no-repository') || !archive.storage.listVersions) throw error;
    nothing = error;
    return { snapshots: [], unfinished: [], lost: [] };
  });
  const isMeant = wish === 'all' || (wish === 'named' && meansOlder(listing.snapshots, filter));
  const older = isMeant ? await listOlder(archive, options) : [];
  if (nothing && older.length === 0) throw nothing;
  const snapshots = [...older, ...listing.snapshots].toSorted((a, b) => a.time - b.time);
  return { ...listing, snapshots };
}

/** Whether one of the ids is none of these, or counts back from the newest. */
function meansOlder(snapshots: readonly ArchiveSnapshot[], filter: SnapshotFilter): boolean {
  return (filter.ids ?? []).some((id) => {
    if (id.startsWith('latest~')) return true;
    try {
      findIn(snapshots, id, filter);
      return false;
    } catch (error) {
      return hasCode(error, 'not-found');
    }
  });
}

/** What is missing of those that are meant. */
export function chooseLost(
  lost: readonly LostArtefact[],
  chosen: readonly ArchiveSnapshot[],
  filter: SnapshotFilter,
): readonly LostArtefact[] {
  // a run is a source and a time
  const runOf = ({ time, source }: Manifest): string => [time, ...source.paths].join('\0');
  const runs = new Set(chosen.flatMap(({ manifest }) => (manifest ? [runOf(manifest)] : [])));
  return lost.filter(({ manifest }) => {
    if (filter.ids?.length) return runs.has(runOf(manifest));
    return fits({ core: coreName(manifest.source), manifest }, filter);
  });
}

/** The same among those that are listed already. */
export function chooseSnapshots(
  snapshots: readonly ArchiveSnapshot[],
  filter: SnapshotFilter,
): readonly ArchiveSnapshot[] {
  if (!filter.ids?.length) return snapshots.filter((snapshot) => fits(snapshot, filter));
  const named = new Set(filter.ids.map((id) => findIn(snapshots, id, filter)));
  return snapshots.filter((snapshot) => named.has(snapshot));
}

/** The one that is meant. Codes as above. */
export async function findArchiveSnapshot(
  archive: Archive,
  id: string,
  filter: Omit<SnapshotFilter, 'ids'>,
  context: Context,
): Promise<ArchiveSnapshot> {
  const [found] = await findArchiveSnapshots(archive, { ...filter, ids: [id] }, context);
  return found!;
}

/** Whether it is of one of the hosts, has the tags, and all of the paths. */
function fits(
  { core, manifest }: Pick<ArchiveSnapshot, 'core' | 'manifest'>,
  filter: Omit<SnapshotFilter, 'ids'>,
): boolean {
  const { hosts = [], tags = [], paths = [] } = filter;
  const names = [core, ...(manifest ? [...manifest.source.paths, manifest.source.database] : [])];
  const ofHost =
    hosts.length === 0 ||
    hosts.some((host) =>
      manifest ? host === manifest.hostname || host === manifest.source.host : core.startsWith(`${host}-`),
    );
  return (
    ofHost &&
    (tags.length === 0 || tags.some((wanted) => hasTags(manifest?.tags ?? [], wanted))) &&
    paths.every((path) => names.includes(path))
  );
}

function findIn(
  snapshots: readonly ArchiveSnapshot[],
  id: string,
  filter: Omit<SnapshotFilter, 'ids'>,
): ArchiveSnapshot {
  const latest = /^latest(?:~(\d+))?$/.exec(id);
  if (latest) {
    const fitting = snapshots.filter((snapshot) => fits(snapshot, filter));
    const found = fitting.at(-1 - Number(latest[1] ?? 0));
    if (found) {
      refuseSharedName(fitting, filter.paths ?? []);
      return found;
    }
    throw new HoldfastError('not-found', 'the archive has no such snapshot', {
      hint: '`holdfast snapshots` lists what there is',
    });
  }
  const byName = snapshots.filter(
    ({ name, artefacts, older }) => name === id || (!older && artefacts.some((one) => isCalled(one, id))),
  );
  const isHex = /^[0-9a-f]{4,64}$/.test(id);
  const found = byName.length > 0 || !isHex ? byName : snapshots.filter((one) => one.id.startsWith(id));
  if (found.length === 1) return found[0]!;
  if (found.length === 0) {
    throw new HoldfastError('not-found', `no snapshot of the archive is called ${JSON.stringify(id)}`, {
      hint: '`holdfast snapshots` lists what there is',
    });
  }
  throw new HoldfastError(
    'usage',
    `${found.length} snapshots of the archive are called ${JSON.stringify(id)}`,
  );
}

/** By the file, with its folder or without, and with the ending that it has before it is encoded. */
function isCalled({ name, extension }: StoredArtefact, id: string): boolean {
  const plain = name.slice(0, name.length - extension.length) + variantOf(extension);
  return [name, plain].some((one) => one === id || one.endsWith(`/${id}`));
}

/** Code `usage` when a name that was given is that of several sources: which one is the newest says nothing. */
function refuseSharedName(fitting: readonly ArchiveSnapshot[], paths: readonly string[]): void {
  const named = paths.find((path) => fitting.some(({ core }) => core === path));
  if (named === undefined) return;
  const sources = new Set(fitting.flatMap(({ manifest }) => manifest?.source.paths.join(' and ') ?? []));
  if (sources.size <= 1) return;
  throw new HoldfastError('usage', `${named} is the name of several sources: ${[...sources].join(', ')}`, {
    hint: 'name one by its path',
  });
}

/** What an artefact is, by its ending without encodings. */
export type ArtefactForm = 'sql' | 'custom' | 'sqlite' | 'tar' | 'other';

export function formOf({ extension }: StoredArtefact): ArtefactForm {
  const last = variantOf(extension).split('.').at(-1);
  if (last === 'sql') return 'sql';
  if (last === 'dump') return 'custom';
  if (last === 'db') return 'sqlite';
  // what Infinite's script calls `shop.gz` is SQL
  return last === 'tar' ? 'tar' : last === '' || last === 'anon' ? 'sql' : 'other';
}

/**
 * The artefact that is meant: by its name or the end of it, by its form, or the one there is. One that is masked is
 * taken only where it is named, or nothing else is there. Codes `not-found`, `usage`.
 */
export function chooseArtefact(
  { name, artefacts }: ArchiveSnapshot,
  choice: { readonly named?: string | undefined; readonly form?: ArtefactForm | undefined },
): StoredArtefact {
  const { named, form } = choice;
  const fitting = artefacts.filter((artefact) => {
    if (form !== undefined && formOf(artefact) !== form) return false;
    const variant = variantOf(artefact.extension);
    // `anon` is `.anon.sql`, `sql` is `.sql` alone, or without an ending what Infinite's script calls `shop.gz`
    return (
      named === undefined ||
      (named === 'sql' && variant === '') ||
      artefact.name.endsWith(named) ||
      variant === `.${named}` ||
      variant.startsWith(`.${named}.`)
    );
  });
  const plain = fitting.filter(({ extension }) => !variantOf(extension).startsWith('.anon'));
  const found = named === undefined && plain.length > 0 ? plain : fitting;
  if (found.length === 1) return found[0]!;
  const names = artefacts.map((artefact) => artefact.name.slice(artefact.name.lastIndexOf('/') + 1));
  if (found.length === 0) {
    throw new HoldfastError('not-found', `${name} has no such file: it has ${names.join(', ')}`);
  }
  const order: readonly ArtefactForm[] = ['sql', 'custom', 'sqlite', 'tar'];
  const preferred =
    named === undefined && order.flatMap((one) => found.filter((artefact) => formOf(artefact) === one))[0];
  if (preferred) return preferred;
  throw new HoldfastError('usage', `${name} has several files: name one of ${names.join(', ')}`);
}
