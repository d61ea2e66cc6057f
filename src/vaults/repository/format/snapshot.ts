/** Snapshot files: one committed point in time, its tree, and what it is of. */
import { RecordReader, stringify, unlessEmpty } from './json-record.ts';
import { parseTime, timeToMs } from './time.ts';

export interface Snapshot {
  /** RFC 3339, kept as it stands in the file */
  readonly time: string;
  /** the same instant in milliseconds since 1970-01-01 UTC, nanoseconds as a fraction */
  readonly timeMs: number;
  /** id of the snapshot before, in hex */
  readonly parent: string | undefined;
  /** id of the root's tree, in hex */
  readonly tree: string;
  readonly paths: readonly string[];
  readonly hostname: string;
  readonly username: string;
  readonly uid: number;
  readonly gid: number;
  readonly excludes: readonly string[];
  readonly tags: readonly string[];
  /** id of the first form of a snapshot that was rewritten or tagged, in hex */
  readonly original: string | undefined;
  readonly programVersion: string;
  readonly summary: SnapshotSummary | undefined;
}

/** What the backup counted; bytes where it says data or bytes. */
export interface SnapshotSummary {
  /** RFC 3339 */
  readonly backupStart: string;
  /** RFC 3339 */
  readonly backupEnd: string;
  readonly filesNew: number;
  readonly filesChanged: number;
  readonly filesUnmodified: number;
  readonly dirsNew: number;
  readonly dirsChanged: number;
  readonly dirsUnmodified: number;
  readonly dataBlobs: number;
  readonly treeBlobs: number;
  /** plaintext bytes of the blobs that were new */
  readonly dataAdded: number;
  /** bytes that those took in packs */
  readonly dataAddedPacked: number;
  readonly totalFilesProcessed: number;
  readonly totalBytesProcessed: number;
}

type Count = Exclude<keyof SnapshotSummary, 'backupStart' | 'backupEnd'>;
const counts: readonly (readonly [Count, string])[] = [
  ['filesNew', 'files_new'],
  ['filesChanged', 'files_changed'],
  ['filesUnmodified', 'files_unmodified'],
  ['dirsNew', 'dirs_new'],
  ['dirsChanged', 'dirs_changed'],
  ['dirsUnmodified', 'dirs_unmodified'],
  ['dataBlobs', 'data_blobs'],
  ['treeBlobs', 'tree_blobs'],
  ['dataAdded', 'data_added'],
  ['dataAddedPacked', 'data_added_packed'],
  ['totalFilesProcessed', 'total_files_processed'],
  ['totalBytesProcessed', 'total_bytes_processed'],
];

/** The JSON of a snapshot, `timeMs` is not used. */
export function encodeSnapshot(snapshot: Omit<Snapshot, 'timeMs'>): Uint8Array {
  return stringify(snapshotToJson(snapshot));
}

/** The members of a snapshot's JSON in restic's order and with restic's names, as `--json` shows them too. */
export function snapshotToJson(snapshot: Omit<Snapshot, 'timeMs'>): Record<string, unknown> {
  return {
    time: snapshot.time,
    parent: snapshot.parent,
    tree: snapshot.tree,
    paths: snapshot.paths,
    hostname: unlessEmpty(snapshot.hostname),
    username: unlessEmpty(snapshot.username),
    uid: unlessEmpty(snapshot.uid),
    gid: unlessEmpty(snapshot.gid),
    excludes: unlessEmpty(snapshot.excludes),
    tags: unlessEmpty(snapshot.tags),
    original: snapshot.original,
    program_version: unlessEmpty(snapshot.programVersion),
    summary: snapshot.summary && summaryToJson(snapshot.summary),
  };
}

function summaryToJson(summary: SnapshotSummary): Record<string, unknown> {
  const json: Record<string, unknown> = {
    backup_start: summary.backupStart,
    backup_end: summary.backupEnd,
  };
  for (const [name, jsonName] of counts) json[jsonName] = summary[name];
  return json;
}

/** Fields that are not known are ignored, as restic does. Code `corrupt`. */
export function decodeSnapshot(json: Uint8Array): Snapshot {
  const reader = new RecordReader('snapshot', json);
  const time = reader.text('time');
  const summary = reader.inner('summary');
  return {
    time,
    timeMs: timeToMs(parseTime(time)),
    parent: reader.id('parent'),
    tree: reader.id('tree') ?? reader.fail('tree', 'is missing'),
    paths: reader.texts('paths'),
    hostname: reader.text('hostname', ''),
    username: reader.text('username', ''),
    uid: reader.uint('uid', 0, 0xffff_ffff),
    gid: reader.uint('gid', 0, 0xffff_ffff),
    excludes: reader.texts('excludes'),
    tags: reader.texts('tags'),
    original: reader.id('original'),
    programVersion: reader.text('program_version', ''),
    summary: summary && decodeSummary(summary),
  };
}

function decodeSummary(reader: RecordReader): SnapshotSummary {
  const counted: Partial<Record<Count, number>> = {};
  for (const [name, jsonName] of counts) counted[name] = reader.uint(jsonName, 0);
  return {
    backupStart: reader.text('backup_start', '0001-01-01T00:00:00Z'),
    backupEnd: reader.text('backup_end', '0001-01-01T00:00:00Z'),
    ...(counted as Record<Count, number>),
  };
}
