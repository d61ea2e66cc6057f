/** Rights on single tables and routines among the accounts of a server: they can be given once these are there. */
import { collectText } from '../masking/schema-text.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Load } from './load.ts';
import type { Session } from './session.ts';

export interface Accounts {
  /** what makes users and roles, and gives rights on the server and on whole databases */
  readonly general: Uint8Array;
  readonly rights: readonly ObjectRight[];
}

export interface ObjectRight {
  readonly database: string;
  readonly name: string;
  /** as it stands in the dump */
  readonly statement: Uint8Array;
}

const onObject =
  /^GRANT\b(?:[^`']|`(?:[^`]|``)*`)*? ON (?:TABLE |FUNCTION |PROCEDURE |PACKAGE |PACKAGE BODY )?`((?:[^`]|``)+)`\.`((?:[^`]|``)+)`/;

/** `accounts` is the file of a snapshot. */
export async function splitAccounts(accounts: AsyncIterable<Uint8Array>): Promise<Accounts> {
  const rights: ObjectRight[] = [];
  const general: string[] = [];
  for (const statement of (await collectText([accounts])).split(/(?<=;\n)/)) {
    const [, database, name] = onObject.exec(statement) ?? [];
    if (database === undefined || name === undefined) general.push(statement);
    else {
      rights.push({
        ...{ database: nameOf(database), name: nameOf(name) },
        statement: Buffer.from(statement, 'latin1'),
      });
    }
  }
  return { general: Buffer.from(general.join(''), 'latin1'), rights };
}

/** Gives those whose tables and routines are on the server; the others are named in a warning. */
export async function giveRights(
  rights: readonly ObjectRight[],
  session: Session,
  load: Load,
  warn: (message: string) => void,
): Promise<void> {
  if (rights.length === 0) return;
  const answer = await session.query(
    `select concat(hex(table_schema), '.', hex(table_name)) from information_schema.tables
      union select concat(hex(routine_schema), '.', hex(routine_name)) from information_schema.routines;`,
    '',
  );
  const there = new Set(answer.split('\n').map((line) => Buffer.from(line).toString().toLowerCase()));
  const hex = (text: string): string => Buffer.from(text).toString('hex');
  const isThere = ({ database, name }: ObjectRight): boolean => there.has(`${hex(database)}.${hex(name)}`);
  const given = rights.filter(isThere).map(({ statement }) => statement);
  if (given.length > 0) {
    await load(
      (async function* () {
        yield Buffer.concat(given);
      })(),
    );
  }
  const missing = new Set(
    rights
      .filter((right) => !isThere(right))
      .map(({ database, name }) => `${quoteIdentifier(database)}.${quoteIdentifier(name)}`),
  );
  if (missing.size === 0) return;
  const named = [...missing].slice(0, 10).join(', ');
  const more = missing.size > 10 ? `, and ${missing.size - 10} more` : '';
  warn(`rights on what is not on this server are left out: ${named}${more}`);
}

function nameOf(quoted: string): string {
  return Buffer.from(quoted.replaceAll('``', '`'), 'latin1').toString();
}
