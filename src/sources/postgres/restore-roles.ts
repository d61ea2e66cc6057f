/** Makes the roles of the server that was backed up where they are missing; those that are there stay as they are. */
import type { StoredDatabase } from '../database/driver.ts';
import { dumpStatements } from './dump-statements.ts';
import { fromDumpBytes, nameAt, readTokens } from './dump-tokens.ts';

export interface MissingRoles {
  readonly names: readonly string[];
  /** makes them, with what they may do and whose members they are */
  readonly sql: string;
}

/** What of the snapshot's globals the server lacks. */
export async function missingRoles(
  stored: StoredDatabase,
  globals: string,
  there: ReadonlySet<string>,
): Promise<MissingRoles> {
  const names: string[] = [];
  let sql = '';
  const isNew = (role: string): boolean => names.includes(fromDumpBytes(role));
  for await (const { text, start } of dumpStatements(stored.read(globals))) {
    const statement = text.slice(start);
    const tokens = readTokens(statement);
    const word = (at: number): string => nameAt(statement, tokens[at]) ?? '';
    switch (`${word(0)} ${word(1)}`) {
      case 'CREATE ROLE':
        if (there.has(fromDumpBytes(word(2)))) continue;
        names.push(fromDumpBytes(word(2)));
        break;
      case 'ALTER ROLE':
        if (!isNew(word(2))) continue;
        break;
      case 'COMMENT ON':
        if (word(2) !== 'ROLE' || !isNew(word(3))) continue;
        break;
      default:
        // GRANT role TO member: also when one of them was there before
        if (word(0) !== 'GRANT' || word(2) !== 'TO' || !(isNew(word(1)) || isNew(word(3)))) continue;
    }
    sql += `${statement}\n`;
  }
  return { names, sql };
}
