/** The order in which one pg_dump tells things, for what came by several. */
import type { EvidencePart, TableEvidence } from '../database/evidence.ts';

export function bySchemaAndName(a: TableEvidence, b: TableEvidence): number {
  const compare = (one: string, other: string): number =>
    Buffer.compare(Buffer.from(one), Buffer.from(other));
  return compare(a.schema, b.schema) || compare(a.name, b.name);
}

/** The order of pg_dump: the schema, the rows of tables by their names, and the rest, of which each came in its order. */
export function byDumpOrder(tables: readonly TableEvidence[]): (a: EvidencePart, b: EvidencePart) => number {
  const places = new Map(tables.toSorted(bySchemaAndName).map(({ part }, i) => [part, i]));
  const place = ({ name }: EvidencePart): number =>
    places.get(name) ?? (name.startsWith('1-') ? -1 : places.size);
  return (a, b) => place(a) - place(b);
}
