/** What changed from one snapshot of an archive to another: tables of databases by their manifests, what is in tars, else sizes and checksums. */
import type { Context } from '../../kernel/context.ts';
import type { TableEvidence } from '../../sources/database/evidence.ts';
import { decodeEvidence } from '../../sources/database/evidence.ts';
import type { Archive, ArchiveSnapshot, StoredArtefact } from '../../vaults/archive/archive.ts';
import { openEvidence } from '../../vaults/archive/sealed-evidence.ts';
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

/** What is the same is left out. Without manifests equal sizes may hide a change: that is `perhaps`. */
export async function diffArchived(
  archive: Archive,
  from: ArchiveSnapshot,
  to: ArchiveSnapshot,
  context: Context,
): Promise<readonly ArchiveChange[]> {
  const [before, after] = [from, to].map(
    ({ artefacts }) => new Map(artefacts.map((artefact) => [variantOf(artefact.extension), artefact])),
  ) as [Map<string, StoredArtefact>, Map<string, StoredArtefact>];
  const changes: ArchiveChange[] = [];
  for (const variant of new Set([...before.keys(), ...after.keys()])) {
    const [a, b] = [before.get(variant), after.get(variant)];
    if (a && b) changes.push(...(await diffFiles(archive, a, b, context)));
    else
      changes.push({
        what: 'file',
        name: (b ?? a)!.name,
        change: a ? 'removed' : 'added',
        before: sizeOf(a),
        after: sizeOf(b),
      });
  }
  return changes;
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
