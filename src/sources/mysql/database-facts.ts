/** What a server says of a database before it is dumped. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { Session } from './session.ts';

export interface DatabaseFacts {
  readonly characterSet: string;
  readonly collation: string;
  readonly tables: readonly TableFacts[];
}

export interface TableFacts {
  readonly name: string;
  readonly kind: 'table' | 'view' | 'sequence';
  readonly engine: string;
  /** what one transaction sees of it is one state */
  readonly isTransactional: boolean;
  /** keeps rows that were changed or removed (MariaDB) */
  readonly keepsHistory: boolean;
  /** of its rows, about */
  readonly bytes: number;
}

/**
 * Names go in hexadecimal: they may hold anything. Schemas are compared twice, because names of databases that differ
 * in case alone are the same to the first comparison, which the server is quick with.
 */
const question = `
/*!80000 set session information_schema_stats_expiry = 0 */;
select 'database', hex(default_character_set_name), hex(default_collation_name) from information_schema.schemata
  where schema_name = database() and cast(schema_name as binary) = cast(database() as binary);
select 'transactional', hex(engine) from information_schema.engines where transactions = 'YES';
select 'table', hex(table_name), hex(ifnull(engine, '')), ifnull(data_length, 0), table_type from information_schema.tables
  where table_schema = database() and cast(table_schema as binary) = cast(database() as binary);
`;

/** Codes `failed` with the client's own words, for example when there is no such database. */
export async function askDatabase(session: Session): Promise<DatabaseFacts> {
  const answer = await session.query(question);
  const lines = answer.split('\n').map((line) => line.split('\t'));
  const of = (kind: string): string[][] =>
    lines.filter(([first]) => first === kind).map((line) => line.slice(1));
  const [database] = of('database');
  if (!database) throw new HoldfastError('failed', 'the server says nothing of the database');
  const transactional = new Set(of('transactional').map(([engine]) => decode(engine)));
  return {
    characterSet: decode(database[0]),
    collation: decode(database[1]),
    tables: of('table').map(([name, engine, bytes, type]) => ({
      name: decode(name),
      kind: type!.includes('VIEW') ? 'view' : type === 'SEQUENCE' ? 'sequence' : 'table',
      engine: decode(engine),
      isTransactional: transactional.has(decode(engine)),
      keepsHistory: type === 'SYSTEM VERSIONED',
      bytes: Number(bytes),
    })),
  };
}

function decode(hex: string | undefined): string {
  return Buffer.from(hex ?? '', 'hex').toString();
}
