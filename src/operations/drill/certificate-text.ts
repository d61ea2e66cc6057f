/** A certificate in words, for those who read it. */
import type { Certificate } from './certificate.ts';

const verdicts: Readonly<Record<Exclude<Certificate['result'], 'proven'>, string>> = {
  differs: 'DIFFERS: what was restored is not what was backed up',
  'not-drilled': 'NOT DRILLED: this machine could not do it, which says nothing about the snapshot',
};
/** What was seen when nothing differs, and no more than that. */
export function provenText(proof: Certificate['proof']): string {
  return proof === 'restored'
    ? 'restored: it can be restored, and nothing tells what should have come back'
    : 'proven: what was restored is what was backed up';
}

/** Where to look then. */
export const queriesHint =
  'what was restored is sound: look at what the queries expect, and at the data that was backed up';

/** What was restored is sound as far as it was compared, and the user's own queries found otherwise. */
export function differByQueriesAlone({
  differences,
  queries,
}: Pick<Certificate, 'differences' | 'queries'>): boolean {
  // each that fails is one of the differences
  const failed = queries.filter(({ passed }) => !passed).length;
  return failed > 0 && failed === differences.length;
}

function verdict(certificate: Certificate): string {
  const { result, proof } = certificate;
  if (result === 'differs' && differByQueriesAlone(certificate)) {
    return 'DIFFERS: what was restored is what was backed up, and queries were answered otherwise than expected';
  }
  if (result !== 'proven') return verdicts[result];
  return provenText(proof).replace(/^[a-z]+/, (word) => word.toUpperCase());
}

/** Of more tables only those that differ are listed. */
const listedTables = 50;

/** @param isSigned whether the file beside it is */
export function certificateText(certificate: Certificate, isSigned: boolean): string {
  const { snapshot, source, drill, compared, tables, queries } = certificate;
  const rows: [string, string | undefined][] = [
    ['snapshot', snapshot.id],
    [
      'of',
      [snapshot.paths.join(' '), snapshot.hostname && `on ${snapshot.hostname}`].filter(Boolean).join(' '),
    ],
    ['made', snapshot.time],
    ['tree', snapshot.tree],
    ['repository', certificate.repository],
    ['archive', certificate.archive],
    ['file', snapshot.file],
    ['SHA-256', snapshot.sha256],
    [
      'database',
      source && `${source.database}, ${certificate.kind} ${source.server}, dumped by ${source.dumpedBy}`,
    ],
    ['restored into', drill.server],
    ['drilled', `${drill.started} to ${drill.finished} on ${drill.hostname} by ${drill.program}`],
    [
      'took',
      Object.entries(drill.seconds)
        .map(([stage, seconds]) => `${stage} ${seconds} s`)
        .join(', '),
    ],
    ['compared', comparedCounts(compared).join(', ')],
  ];
  const facts = rows.filter(([, value]) => value !== undefined && value !== '');
  const section = (title: string, lines: readonly string[]): string[] =>
    lines.length === 0 ? [] : ['', `${title}:`, ...lines.map((line) => `  ${line}`)];
  const listed = tables.length <= listedTables ? tables : tables.filter(({ same }) => !same);
  return [
    `Drill of snapshot ${snapshot.id.slice(0, 8)}`,
    verdict(certificate),
    '',
    ...facts.map(([name, value]) => `${name.padEnd(13)}  ${value}`),
    ...section('differences', certificate.differences),
    ...section('notes', certificate.notes),
    ...section(
      'queries',
      queries.map(
        ({ name, passed, got }) =>
          `${passed ? 'as expected' : 'FAILED     '}  ${name}: ${got.replaceAll('\n', ' | ')}`,
      ),
    ),
    ...section(
      'tables',
      listed.map(({ schema, name, rows, checksum, same, counted }) => {
        const shown = schema === '' ? name : `${schema}.${name}`;
        const found = counted ? 'counted' : same ? 'same   ' : 'DIFFERS';
        return `${found}  ${checksum}  ${String(rows).padStart(10)} rows  ${shown}`;
      }),
    ),
    ...(isSigned
      ? []
      : ['', 'This certificate is not signed: it says what a drill found, and does not prove who wrote it.']),
    '',
  ]
    .map((line) => line.replaceAll(/\p{C}/gu, escaped))
    .join('\n');
}

/** `3 tables`; without what there was none of, as far as that is no news. */
export function comparedCounts(compared: Certificate['compared']): string[] {
  return Object.entries(compared)
    .filter(([what, count]) => count > 0 || ['tables', 'rows', 'files'].includes(what))
    .map(([what, count]) => `${count} ${what}`);
}

/** Names of tables may hold what a terminal obeys. */
function escaped(character: string): string {
  return JSON.stringify(character).slice(1, -1).replaceAll(/\p{C}/gu, '\ufffd');
}
