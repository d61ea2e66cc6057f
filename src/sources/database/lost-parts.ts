/** Of a snapshot that lacks parts of a database, tables that are whole can be taken by themselves. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from './driver.ts';
import type { TableEvidence } from './evidence.ts';

/** Before anything is done with these tables. Code `corrupt`, naming those whose rows are lost. */
export function requireRows({ lost }: StoredDatabase, tables: readonly TableEvidence[]): void {
  const without = tables.filter(({ part }) => lost?.has(part));
  if (without.length === 0) return;
  const names = without.map(({ schema, name }) => (schema === '' ? name : `${schema}.${name}`));
  throw new HoldfastError(
    'corrupt',
    `the rows of ${names.join(', ')} are missing or cut short in the snapshot`,
    { hint: 'older snapshots may have them; `holdfast show` tells when a snapshot was made' },
  );
}
