/** What changed from one snapshot of an archive to another: tables of databases by their manifests, what is in tars, else sizes and checksums. */
import type { Context } from '../../kernel/context.ts';
import type { TableEvidence } from '../../sources/database/evidence.ts';
import { decodeEvidence } from '../../sources/database/evidence.ts';
import type { Archive, ArchiveSnapshot, StoredArtefact } from '../../vaults/archive/archive.ts';
import { isSealed, openEvidence } from '../../vaults/archive/sealed-evidence.ts';
import { formOf } from './find.ts';
import { diffTars } from './tar-listing.ts';
import { variantOf } from '../../vaults/archive/layout/extension.ts';

export interface ArchiveChange {
  /** a table of a database, a file of the archive, or something in a tar */
  readonly what: 'table' | 'file' | 'entry';
  readonly name: string;
  readonly change: 'added' | 'removed' | 'changed' | 'type' | 'metadata' | 'perhaps';
  /** rows of a table, bytes of a file */
  readonly before: number | undefined;
  readonly after: number | undefined;
}

export interface ArchiveDiff {
  readonly changes: readonly ArchiveChange[];
  /** names of encrypted files that differ, and that no key was given for: their tables may be told apart with one */
  readonly sealed: readonly string[];
}

/** What is the same is left out. Without manifests equal sizes may hide a change: that is `perhaps`. */
export async function diffArchived(
  archive: Archive,
  from: ArchiveSnapshot,
  to: ArchiveSnapshot,
  context: Context,
): Promise<ArchiveDiff> {
  const [before, after] = [from, to].map(
    ({ artefacts }) => new Map(artefacts.map((artefact) => [variantOf(artefact.extension), artefact])),
  ) as [Map<string, StoredArtefact>, Map<string, StoredArtefact>];
  const changes: ArchiveChange[] = [];
  const sealed: string[] = [];
  for (const variant of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(variant), after.get(variant)];
    if (a && b) {
      const found = await diffFiles(archive, a, b, context);
      changes.push(...found);
      const unseen = [a, b].filter(({ known }) => isSealed(archive, known));
      if (found.length > 0) sealed.push(...unseen.map(({ name }) => name));
    } else
      changes.push({
        what: 'file',
        name: (b ?? a)!.name,
        change: a ? 'removed' : 'added',
        before: sizeOf(a),
        after: sizeOf(b),
      });
  }
  return { changes, sealed };
}

async function diffFiles(
  archive: Archive,
  a: StoredArtefact,
  b: StoredArtefact,
  context: Context,
): Promise<ArchiveChange[]> {
  if (a.known?.plain.sha256 !== undefined && a.known.plain.sha256 === b.known?.plain.sha256) return [];
  if (formOf(a) === 'tar' && formOf(b) === 'tar') {
    const found = await diffTars(archive, a, b, context);
    return found.map(({ path, change, before, after }) => ({
      ...{ what: 'entry', name: path, before, after },
      change: change === 'content' ? 'changed' : change,
    }));
  }
  const { signal } = context;
  const [before, after] = [await tablesOf(archive, a, signal), await tablesOf(archive, b, signal)];
  if (!before || !after) {
    const [was, is] = [sizeOf(a), sizeOf(b)];
    const sure = was !== is || (a.known !== undefined && b.known !== undefined);
    return [{ what: 'file', name: b.name, change: sure ? 'changed' : 'perhaps', before: was, after: is }];
  }
  const changes: ArchiveChange[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].toSorted()) {
    const [was, is] = [before.get(name), after.get(name)];
    if (was && is && was.rows === is.rows && was.checksum === is.checksum) continue;
    const change = was ? (is ? 'changed' : 'removed') : 'added';
    changes.push({ what: 'table', name, change, before: was?.rows, after: is?.rows });
  }
  return changes;
}

const sizeOf = (artefact: StoredArtefact | undefined): number | undefined =>
  artefact?.known?.plain.size ?? artefact?.size;

async function tablesOf(
  archive: Archive,
  { known }: StoredArtefact,
  signal: AbortSignal,
): Promise<Map<string, TableEvidence> | undefined> {
  const seen = await openEvidence(archive, known, signal);
  if (seen === undefined) return undefined;
  const evidence = decodeEvidence(Buffer.from(JSON.stringify(seen)));
  if (evidence.format === 'custom') return undefined;
  return new Map(
    evidence.tables.map((table) => [
      table.schema === '' ? table.name : `${table.schema}.${table.name}`,
      table,
    ]),
  );
}
