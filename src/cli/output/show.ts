/** One snapshot as a page to read, and as JSON. */
import type { ShownSnapshot } from '../../operations/show.ts';
import type { Evidence, TableEvidence } from '../../sources/database/evidence.ts';
import { formatBytes, formatLocalTime, plural, quoteUnprintable } from './format.ts';
import { snapshotJson } from './snapshots.ts';
import { formatTable } from './table.ts';

/** restic's object of a snapshot, and the evidence of a database as it is stored. */
export function showJson(shown: ShownSnapshot): object {
  const { lost } = shown;
  return { ...snapshotJson(shown), database: shown.evidence, ...(lost.length > 0 && { lost }) };
}

export function showLines({ id, snapshot, evidence, lost }: ShownSnapshot): string[] {
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
  if (lost.length > 0) lines.push(...facts([['lost', lost.map(quoteUnprintable).join(', ')]]));
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
  if (sequences.length === 0) return [];
  const rows = sequences.map((statement) => readSequence(statement) ?? [quoteUnprintable(statement), '']);
  return ['', ...formatTable({ header: ['Sequence', 'Stands at'], rows })];
}

/** The statements that set sequences, as the dumps of PostgreSQL and of SQLite have them. */
const settingSequence = /^SELECT pg_catalog\.setval\('((?:[^']|'')+)', (-?\d+), (true|false)\);$/s;
const sqliteSequence = /^INSERT INTO sqlite_sequence VALUES\('((?:[^']|'')+)',(-?\d+)\);$/s;

function readSequence(statement: string): [name: string, value: string] | undefined {
  const [, name, value, isUsed] = settingSequence.exec(statement) ?? sqliteSequence.exec(statement) ?? [];
  if (name === undefined) return undefined;
  return [
    quoteUnprintable(name.replaceAll("''", "'")),
    isUsed === 'false' ? `${value}, not used yet` : value!,
  ];
}

/** As `--table` takes it: odd names in double quotes. */
export function tableName({ schema, name }: Pick<TableEvidence, 'schema' | 'name'>): string {
  // without schemas letters are never folded
  const plain = schema === '' ? /^[^\s"`=.*?]+$/ : /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*$/;
  const parts = schema === '' ? [name] : [schema, name];
  const shown = parts.map((part) => (plain.test(part) ? part : `"${part.replaceAll('"', '""')}"`));
  return quoteUnprintable(shown.join('.'));
}

/** A line for each that has something to say. */
function facts(all: readonly (readonly [title: string, value: string | undefined])[]): string[] {
  return all.flatMap(([title, value]) => (value ? [`${`${title}:`.padEnd(14)}${value}`] : []));
}
