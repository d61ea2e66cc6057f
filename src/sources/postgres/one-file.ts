/** A whole dump as one file of a snapshot, for those who want just that: plain SQL, or pg_dump's custom format. */
import { HoldfastError } from '../../kernel/errors.ts';
import { createRowSum } from '../../kernel/row-sum.ts';
import { nameInPath } from '../database/name-in-path.ts';
import type { Evidence, OneFileFormat } from '../database/evidence.ts';
import type { RowTally } from '../entry.ts';
import type { DumpPart } from './dump-parts.ts';

/** The name of the file: `DATABASE.sql` or `DATABASE.dump`. */
export function oneFileName(database: string, format: OneFileFormat): string {
  return `${nameInPath(database)}.${format === 'sql' ? 'sql' : 'dump'}`;
}

/** The parts of a plain dump, one after the other; what passed of each is told. */
export async function* joinedParts(
  parts: AsyncIterable<DumpPart>,
  done: (part: DumpPart, tally: RowTally) => void,
): AsyncGenerator<Uint8Array, void, void> {
  const sum = createRowSum();
  for await (const part of parts) {
    let bytes = 0;
    for await (const piece of part.bytes) {
      sum.update(piece);
      bytes += piece.length;
      yield piece;
    }
    done(part, { ...sum.end(), bytes });
  }
}

/** Code `unsupported` where parts are needed. */
export function refuseOneFile({ format }: Evidence): void {
  if (format === undefined) return;
  const program = format === 'sql' ? 'psql -v ON_ERROR_STOP=1 NAME' : 'pg_restore --dbname=NAME';
  throw new HoldfastError('unsupported', 'the snapshot has the database as one file and not in parts', {
    hint: `\`holdfast dump SNAPSHOT | ${program}\` restores it`,
  });
}
