/** Restores single tables of a snapshot into a database that may have others in it. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { RestorePlan } from '../database/restore-plan.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Load } from './load.ts';
import type { Session } from './session.ts';
import { copyTable, parseTableCopy, readStructures, requireTables } from './table-copy.ts';
import type { MysqlTargetOptions } from './target.ts';
import { askContents } from './target-facts.ts';

/** Triggers and views are left out. Codes `exists`, `not-found`, `failed` as for a whole database. */
export async function restoreTables(
  stored: StoredDatabase,
  session: Session,
  load: Load,
  { connection, choices = {}, proceed }: MysqlTargetOptions,
): Promise<void> {
  const copies = (choices.tables ?? []).map(parseTableCopy);
  const structures = await readStructures(stored);
  requireTables(structures, copies, stored);
  const found = await askContents(session, connection.database);
  if (!found) {
    throw new HoldfastError('not-found', `there is no database ${connection.database}`, {
      hint: 'make it first',
    });
  }
  const inTheWay = found.tables.filter((table) => copies.some(({ newName }) => newName === table.name));
  if (inTheWay.length > 0 && !choices.clean) {
    throw new HoldfastError('exists', `there is a table ${inTheWay[0]!.name} already`, {
      hint: 'restore it under another name: --table TABLE=OTHER; or --clean removes first what is there',
    });
  }
  const { tables } = stored.evidence;
  const plan: RestorePlan = {
    steps: inTheWay.map(({ name }) => `drop the table ${name}`),
    loss:
      inTheWay.length === 0
        ? undefined
        : { what: `tables of the database ${connection.database}`, tables: inTheWay, others: 0 },
    tables: copies.length,
    rows: copies.reduce((sum, { name }) => sum + (tables.find((table) => table.name === name)?.rows ?? 0), 0),
  };
  if ((await proceed?.(plan)) === false) return;
  const drops = inTheWay.map(({ name }) => `drop table ${quoteIdentifier(name)};\n`);
  if (drops.length > 0) await session.query(`set foreign_key_checks = 0;\n${drops.join('')}`);
  for (const copy of copies) await load(copyTable(stored, structures, copy), connection.database);
}
