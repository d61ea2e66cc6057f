/** Which snapshots are meant: short ids, `latest`, hosts, tags and paths, as restic understands them. */
import type { Context } from '../../kernel/context.ts';
import { hasCode, HoldfastError, messageOf } from '../../kernel/errors.ts';
import { isId, shortId } from './files.ts';
import type { FileKind } from './files.ts';
import type { Snapshot } from './format/snapshot.ts';
import type { Repository, SnapshotEntry } from './repository.ts';

export interface SnapshotFilter {
  /** any of these host names */
  readonly hosts?: readonly string[];
  /** any of these lists, of which a snapshot must have every tag; the tag '' stands for having no tags */
  readonly tags?: readonly (readonly string[])[];
  /** all of these absolute paths */
  readonly paths?: readonly string[];
  /** ids, beginnings of ids, `latest`, `latest~2` (the second before the latest); the filter above applies to latest alone */
  readonly ids?: readonly string[];
}

/** Told of an id that is not there or of a snapshot that cannot be read; may throw to give up. */
export type FilterProblem = (id: string, error: unknown) => void;

/**
 * The snapshots that a filter means, oldest first, each once. Problems are thrown unless `problem` takes them.
 * Codes `not-found`, `usage` for a beginning that fits several ids, `corrupt`.
 */
export async function findSnapshots(
  repository: Repository,
  filter: SnapshotFilter,
  problem: FilterProblem = rethrow,
): Promise<SnapshotEntry[]> {
  const found = new Map<string, SnapshotEntry>();
  if (filter.ids === undefined || filter.ids.length === 0) {
    for (const entry of await readAll(repository, problem)) {
      if (matches(entry.snapshot, filter)) found.set(entry.id, entry);
    }
  } else {
    for (const text of filter.ids) {
      try {
        if (text.includes(':')) throw usage('<snapshot>:<subfolder> syntax not allowed');
        const entry = await findOne(repository, text, filter, problem);
        found.set(entry.id, entry);
      } catch (error) {
        if (hasCode(error, 'interrupted')) throw error;
        problem(text, error);
      }
    }
    const named = filter.ids.every((text) => latestOffset(text) === undefined);
    if (named && !isEmptyFilter(filter)) problem('filters', usage('explicit snapshot ids are given'));
  }
  return [...found.values()].sort((a, b) => compareTimes(a.snapshot, b.snapshot) || (a.id < b.id ? -1 : 1));
}

/**
 * Passes over snapshots that are damaged and ids that mean none, with a warning: one bad file or word must not hide all
 * the others. For verbs that take any number of snapshots; restic ends with status 0 there, too.
 */
export function passOver(context: Pick<Context, 'warn'>): FilterProblem {
  return (id, error) => {
    if (hasCode(error, 'corrupt')) context.warn(`passing over snapshot ${shortId(id)}: ${messageOf(error)}`);
    else if (hasCode(error, 'not-found', 'usage')) context.warn(`ignoring "${id}": ${messageOf(error)}`);
    else throw error;
  };
}

export interface FoundSnapshot extends SnapshotEntry {
  /** what stands behind the first colon of `ID:path`, '' for none */
  readonly path: string;
}

/** The one snapshot of `ID`, `latest` or either with `:path`. Codes as `findSnapshots`. */
export async function findSnapshot(
  repository: Repository,
  text: string,
  filter: Omit<SnapshotFilter, 'ids'> = {},
): Promise<FoundSnapshot> {
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  const entry = await findOne(repository, name, filter, rethrow);
  return { ...entry, path: colon < 0 ? '' : text.slice(colon + 1) };
}

/** True when hosts, tags and paths say nothing. */
export function isEmptyFilter({ hosts = [], tags = [], paths = [] }: SnapshotFilter): boolean {
  return hosts.length + tags.length + paths.length === 0;
}

/** Whether a snapshot has what the filter asks for; `ids` are not looked at. */
export function matches(snapshot: Snapshot, { hosts = [], tags = [], paths = [] }: SnapshotFilter): boolean {
  const hasTag = (tag: string) => snapshot.tags.includes(tag) || (tag === '' && snapshot.tags.length === 0);
  return (
    (hosts.length === 0 || hosts.includes(snapshot.hostname)) &&
    (tags.length === 0 || tags.some((list) => list.every(hasTag))) &&
    paths.every((path) => snapshot.paths.includes(path))
  );
}

/** The full id of a file from its beginning. Codes `not-found`, `usage` when it fits several. */
export async function resolveId(repository: Repository, kind: FileKind, prefix: string): Promise<string> {
  if (isId(prefix)) return prefix;
  let match: string | undefined;
  for await (const { id } of repository.list(kind)) {
    if (!id.startsWith(prefix)) continue;
    if (match !== undefined && match !== id) {
      throw new HoldfastError('usage', `multiple IDs with prefix "${prefix}" found`, {
        hint: 'give more digits of the id',
      });
    }
    match = id;
  }
  if (match !== undefined) return match;
  throw new HoldfastError('not-found', `no matching ID found for prefix "${prefix}"`, {
    hint:
      kind === 'snapshot'
        ? '`holdfast snapshots` lists what is there'
        : `\`holdfast list ${kind}s\` lists what is there`,
  });
}

async function findOne(
  repository: Repository,
  text: string,
  filter: SnapshotFilter,
  problem: FilterProblem,
): Promise<SnapshotEntry> {
  const offset = latestOffset(text);
  if (offset === undefined) {
    const id = await resolveId(repository, 'snapshot', text);
    return { id, snapshot: await repository.readSnapshot(id) };
  }
  const fitting = (await readAll(repository, problem))
    .filter(({ snapshot }) => matches(snapshot, filter))
    .sort((a, b) => compareTimes(b.snapshot, a.snapshot));
  const entry = fitting[offset];
  if (entry) return entry;
  const { hosts = [], tags = [], paths = [] } = filter;
  const shown = `Paths:[${paths.join(' ')}] Tags:[${tags.map((list) => `[${list.join(', ')}]`).join(' ')}] Hosts:[${hosts.join(' ')}]`;
  throw new HoldfastError('not-found', `no snapshot matched given filter (${shown})`, {
    hint: '`holdfast snapshots` lists what is there',
  });
}

/** 0 for `latest`, N for `latest~N`; undefined for what is an id. */
function latestOffset(text: string): number | undefined {
  const match = /^latest(?:~(\d{1,6}))?$/.exec(text);
  return match ? Number(match[1] ?? 0) : undefined;
}

async function readAll(repository: Repository, problem: FilterProblem): Promise<SnapshotEntry[]> {
  const entries: SnapshotEntry[] = [];
  for await (const entry of repository.snapshots(problem)) entries.push(entry);
  return entries;
}

function compareTimes(a: Snapshot, b: Snapshot): number {
  return a.timeMs - b.timeMs;
}

function usage(message: string): HoldfastError {
  return new HoldfastError('usage', message);
}

function rethrow(_id: string, error: unknown): never {
  throw error;
}
