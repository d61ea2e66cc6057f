/** Holds what was restored against what was seen at backup time: whatever differs is a sentence. */
import type { TableEvidence } from '../../sources/database/evidence.ts';
import type { DrillDriver } from '../../sources/database/throwaway-server.ts';
import type { Observation } from './observation.ts';

export interface ComparedTable {
  readonly schema: string;
  readonly name: string;
  readonly rows: number;
  readonly checksum: string;
  readonly same: boolean;
  /** its rows cannot be the same again, and were counted alone */
  readonly counted?: true;
}

export interface Comparison {
  readonly differences: readonly string[];
  /** what is worth knowing and no fault of the snapshot */
  readonly notes: readonly string[];
  readonly tables: readonly ComparedTable[];
  /** how many of what were compared */
  readonly counts: Readonly<Record<string, number>>;
}

export function compare(stored: Observation, restored: Observation, driver: DrillDriver): Comparison {
  const differences: string[] = [];
  const notes: string[] = [];
  const [before, after] = [stored.evidence, restored.evidence];
  const tables = compareTables(before.tables, after.tables, differences, notes);

  const sameRelease = releaseOf(stored, driver) === releaseOf(restored, driver);
  const isOneFile = before.format !== undefined;
  if (isOneFile) {
    // of one that was not taken apart the tables alone are known
    if (stored.gathered.size === 0) notes.push('definitions were not compared, for the dump is one file');
    for (const [name, definition] of stored.gathered) {
      const other = restored.objects.get(name);
      if (other === undefined) differences.push(`${name} is missing`);
      else if (sameRelease && other !== definition) differences.push(`${name} is defined differently`);
    }
  } else if (stored.schema === undefined) {
    if (restored.schema !== before.schema) differences.push('the schema is not the same');
  } else if (stored.schema !== before.schema) {
    if (driver.hashedOtherwise?.(before)) {
      notes.push(
        'the hash of the schema in the evidence was not compared: an older version of holdfast took it of programs before they were masked',
      );
    } else differences.push('the schema in the snapshot is not the one that was backed up');
  }
  const sequences = new Set(after.sequences);
  for (const statement of before.sequences) {
    if (!sequences.delete(statement))
      differences.push(`a sequence does not stand where it did: ${statement}`);
  }
  for (const statement of sequences) differences.push(`a sequence stands elsewhere: ${statement}`);

  if (!isOneFile) {
    compareObjects(
      stored,
      restored,
      (name) => sameRelease || driver.hasLastingName(name),
      differences,
      sameRelease,
    );
    compareParts(stored, restored, sameRelease ? differences : []);
  }
  if (!sameRelease && (!isOneFile || stored.gathered.size > 0)) {
    const versions = [before, after].map(({ server }) => server).join(' there, ');
    const left = stored.others.size === 0 ? '' : `, and ${[...stored.others.keys()].join(', ')} not at all`;
    notes.push(
      `definitions were compared by their names alone${left}, for the versions differ: ${versions} here`,
    );
  }

  const versions = new Map(after.extensions.map(({ name, version }) => [name, version]));
  for (const { name, version } of before.extensions) {
    const here = versions.get(name);
    if (here === version) continue;
    if (here !== undefined) notes.push(`extension ${name}: ${version} there, ${here} here`);
    else if (before.choices) notes.push(`extension ${name} is no part of what was backed up`);
    else differences.push(`extension ${name} is missing`);
  }
  if (before.encoding !== after.encoding) {
    differences.push(`the encoding is ${after.encoding} instead of ${before.encoding}`);
  }
  const counts = {
    tables: tables.length,
    rows: before.tables.reduce((sum, { rows }) => sum + rows, 0),
    objects: stored.objects.size + stored.gathered.size,
    sequences: before.sequences.length,
    extensions: before.extensions.length,
    'other parts': stored.others.size,
  };
  return { differences, notes, tables, counts };
}

function compareTables(
  before: readonly TableEvidence[],
  after: readonly TableEvidence[],
  differences: string[],
  notes: string[],
): ComparedTable[] {
  const key = ({ schema, name }: TableEvidence): string => `${schema}\0${name}`;
  const found = new Map(after.map((table) => [key(table), table]));
  const compared = before.map((table): ComparedTable => {
    const { schema, name, rows, checksum } = table;
    const other = found.get(key(table));
    found.delete(key(table));
    const shown = shownTable(table);
    if (!other) differences.push(`the table ${shown} is missing`);
    else if (other.rows !== rows) differences.push(`${shown} has ${other.rows} rows instead of ${rows}`);
    else if (other.checksum !== checksum && !other.rowTimes) {
      differences.push(`the rows of ${shown} are not the same`);
    }
    if (other && other.autoIncrement !== table.autoIncrement) {
      const [was, is] = [table, other].map(({ autoIncrement = 'nothing' }) => autoIncrement);
      differences.push(`the next row of ${shown} gets ${is} instead of ${was}`);
    }
    if (other?.rows === rows && other.checksum !== checksum && other.rowTimes) {
      notes.push(
        `the rows of ${shown} were counted and not compared, for the server sets when they began and ended anew`,
      );
      return { schema, name, rows, checksum, same: true, counted: true };
    }
    return { schema, name, rows, checksum, same: other?.rows === rows && other.checksum === checksum };
  });
  for (const table of found.values()) {
    if (table.rows === 0) notes.push(`${shownTable(table)} was backed up without its rows`);
    else differences.push(`the table ${shownTable(table)} has ${table.rows} rows, and should not be there`);
  }
  return compared;
}

function releaseOf({ evidence: { server, dumpedBy } }: Observation, driver: DrillDriver): string {
  return [server, dumpedBy].map((version) => driver.release(version)).join(' ');
}

/** Definitions word by word where both were written by the same release, else names alone. */
function compareObjects(
  stored: Observation,
  restored: Observation,
  isCompared: (name: string) => boolean,
  differences: string[],
  sameRelease: boolean,
): void {
  const rest = new Map(restored.objects);
  for (const [name, definition] of stored.objects) {
    const other = rest.get(name);
    rest.delete(name);
    if (!isCompared(name)) continue;
    if (other === undefined) differences.push(`${name} is missing`);
    else if (sameRelease && other !== definition) differences.push(`${name} is defined differently`);
  }
  for (const name of rest.keys()) {
    // a choice of tables leaves out the schema, which the restore makes
    if (stored.evidence.choices && name.startsWith('SCHEMA ')) continue;
    if (isCompared(name)) differences.push(`${name} should not be there`);
  }
}

/** What is neither rows nor objects, line by line, whatever their order. */
function compareParts(stored: Observation, restored: Observation, differences: string[]): void {
  for (const part of new Set([...stored.others.keys(), ...restored.others.keys()])) {
    const [was, is] = [stored, restored].map(({ others }) => others.get(part));
    if (was?.rows !== is?.rows || was?.checksum !== is?.checksum) differences.push(`${part} differs`);
  }
}

function shownTable({ schema, name }: TableEvidence): string {
  return schema === '' ? name : `${schema}.${name}`;
}
