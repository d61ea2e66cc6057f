/** One snapshot as a page to read, and as JSON. */
import type { ShownSnapshot } from '../../operations/show.ts';
import type { Evidence, TableEvidence } from '../../sources/database/evidence.ts';
import { formatBytes, formatLocalTime, plural, quoteUnprintable } from './format.ts';
import { snapshotJson } from './snapshots.ts';
import { formatTable } from './table.ts';

/** restic's object of a snapshot, and the evidence of a database as it is stored. */
export function showJson(shown: ShownSnapshot): object {
  return { ...snapshotJson(shown), database: shown.evidence };
}

export function showLines({ id, snapshot, evidence }: ShownSnapshot): string[] {
  const { summary } = snapshot;
  const lines = facts([
    ['snapshot', id],
    ['time', formatLocalTime(snapshot.timeMs)],
    ['by', `${snapshot.username}@${snapshot.hostname}`],
    ...snapshot.paths.map((path) => ['path', quoteUnprintable(path)] as const),
    ['tags', snapshot.tags.join(', ')],
    ['excludes', snapshot.excludes.map(quoteUnprintable).join(', ')],
    ['parent', snapshot.parent],
    ['original', snapshot.original],
    ['written by', snapshot.programVersion],
    ['tree', snapshot.tree],
  ]);
  if (summary) {
    const files = `${summary.filesNew} new, ${summary.filesChanged} changed, ${summary.filesUnmodified} unmodified`;
    const stored = `${formatBytes(summary.dataAdded)} (${formatBytes(summary.dataAddedPacked)} stored)`;
    lines.push(
      ...facts([
        ['files', files],
        ['size', formatBytes(summary.totalBytesProcessed)],
        ['added', stored],
      ]),
    );
  }
  return evidence ? [...lines, '', ...evidenceLines(evidence)] : lines;
}

function evidenceLines(evidence: Evidence): string[] {
  const { sqlite, locale, choices } = evidence;
  const lines = facts([
    ['database', quoteUnprintable(evidence.database)],
    ['kind', evidence.kind],
    ['server', evidence.server],
    ['dumped by', evidence.dumpedBy],
    ['encoding', evidence.encoding],
    ['locale', locale && [...new Set([locale.provider, locale.collate, locale.ctype])].join(', ')],
    ['extensions', evidence.extensions.map(({ name, version }) => `${name} ${version}`).join(', ')],
    ['only', choices && JSON.stringify(choices)],
    ['masked', evidence.masked && `by rules ${evidence.masked.rules}`],
    ['globals', evidence.globals && formatBytes(evidence.globals.bytes)],
    // of a dump that is one file nothing is looked at
    ['schema', evidence.format ? undefined : evidence.schema],
    ['check', sqlite?.check],
    ['pages', sqlite && `${sqlite.pages} of ${sqlite.pageSize} bytes, journal ${sqlite.journal}`],
    ['user version', sqlite?.userVersion ? String(sqlite.userVersion) : undefined],
    ['application', sqlite?.applicationId ? String(sqlite.applicationId) : undefined],
    ['virtual', sqlite?.virtualTables.map(quoteUnprintable).join(', ')],
  ]);
  return [...lines, '', ...tableLines(evidence), ...sequenceLines(evidence)];
}

function tableLines({ tables, parts, format }: Evidence): string[] {
  if (format) return [`one file, ${format}: its tables were not looked at`];
  if (tables.length === 0) return ['no tables'];
  const partBytes = new Map(parts.map(({ name, bytes }) => [name, bytes]));
  const bytesOf = ({ bytes, part }: TableEvidence): number => bytes ?? partBytes.get(part) ?? 0;
  const rows = tables.map((table) => [
    tableName(table),
    String(table.rows),
    formatBytes(bytesOf(table)),
    table.checksum,
  ]);
  const all = tables.reduce((sum, table) => sum + table.rows, 0);
  return formatTable({
    header: ['Table', 'Rows', 'Bytes', 'Checksum'],
    rows,
    footer: [`${plural(tables.length, 'table')} with ${plural(all, 'row')}`],
  });
}

function sequenceLines({ sequences }: Evidence): string[] {
  return sequences.length === 0
    ? []
    : ['', 'Sequences', ...sequences.map((line) => `  ${quoteUnprintable(line)}`)];
}

/** As a person writes it. */
export function tableName({ schema, name }: Pick<TableEvidence, 'schema' | 'name'>): string {
  return quoteUnprintable(schema === '' ? name : `${schema}.${name}`);
}

/** A line for each that has something to say. */
function facts(all: readonly (readonly [title: string, value: string | undefined])[]): string[] {
  return all.flatMap(([title, value]) => (value ? [`${`${title}:`.padEnd(14)}${value}`] : []));
}
