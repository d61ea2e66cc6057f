/** What is in a database before something is restored into it. */
import type { DatabaseLoss, LostTable } from '../database/restore-plan.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Session } from './session.ts';

export interface Contents {
  readonly tables: readonly LostTable[];
  /** statements that remove everything, one after the other */
  readonly removal: readonly string[];
  /** views, routines, events, sequences */
  readonly others: number;
}

/** Smaller tables are counted, the others estimated; bytes. */
const countedBytes = 16 * 1024 * 1024;

/** Everything that somebody made in the database; undefined when there is no such database. */
export async function askContents(session: Session, database: string): Promise<Contents | undefined> {
  const name = `0x${Buffer.from(database).toString('hex')}`;
  // the first comparison is quick, the second one exact
  const where = (column: string): string =>
    `where ${column} = convert(${name} using utf8mb4) and cast(${column} as binary) = ${name}`;
  const answer = await session.query(
    `/*!80000 set session information_schema_stats_expiry = 0 */;
select 'database' from information_schema.schemata ${where('schema_name')};
select table_type, hex(table_name), ifnull(table_rows, 0), ifnull(data_length, 0) + ifnull(index_length, 0)
  from information_schema.tables ${where('table_schema')};
select routine_type, hex(routine_name) from information_schema.routines ${where('routine_schema')};
select 'EVENT', hex(event_name) from information_schema.events ${where('event_schema')};
`,
    '',
  );
  const lines = answer
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
  if (lines.length === 0) return undefined;
  const objects = lines.slice(1).map(([type, hex, rows, bytes]) => ({
    type: type!.includes('VIEW')
      ? 'VIEW'
      : type === 'SEQUENCE'
        ? type
        : type!.endsWith('TABLE') || type === 'SYSTEM VERSIONED'
          ? 'TABLE'
          : type!,
    name: Buffer.from(hex!, 'hex').toString(),
    rows: Number(rows),
    bytes: Number(bytes),
  }));
  const tables = objects.filter(({ type }) => type === 'TABLE');
  const counts = await countRows(
    session,
    database,
    tables.filter(({ bytes }) => bytes <= countedBytes).map((table) => table.name),
  );
  return {
    tables: tables.map(({ name, rows, bytes }) => {
      const counted = counts.get(name);
      return { name, rows: counted ?? rows, exact: counted !== undefined, bytes };
    }),
    removal: objects
      .toSorted((a, b) => order(a.type) - order(b.type))
      .map(({ type, name }) => `drop ${type} ${quoteIdentifier(name)};\n`),
    others: objects.length - tables.length,
  };
}

/** Undefined when there is nothing to be lost. */
export function lossOf(what: string, { tables, others }: Contents): DatabaseLoss | undefined {
  return tables.length + others === 0 ? undefined : { what, tables, others };
}

/** What others need goes last: tables may take their numbers from sequences. */
function order(type: string): number {
  return type === 'VIEW' ? 0 : type === 'SEQUENCE' ? 2 : 1;
}

async function countRows(
  session: Session,
  database: string,
  tables: readonly string[],
): Promise<Map<string, number>> {
  if (tables.length === 0) return new Map();
  const questions = tables.map((table) => `select count(*) from ${quoteIdentifier(table)};\n`);
  const answers = (await session.query(questions.join(''), database)).split('\n');
  return new Map(tables.map((table, i) => [table, Number(answers[i])]));
}
