/** The statements that SQLite keeps in its schema. */
import { HoldfastError } from '../../kernel/errors.ts';
import { quoteName } from './table-shape.ts';

/** SQLite keeps them with these words before the name, whatever was written. */
const beforeName = /^CREATE\s+(?:UNIQUE\s+)?(?:INDEX|TRIGGER)\s+/i;
const name = /^(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|`(?:[^`]|``)*`|\[[^\]]*\]|[^\s"'`[(]+)/;

/** The statement that makes an index or a trigger, for one of another name. */
export function renamed(sql: string, newName: string): string {
  const [head] = beforeName.exec(sql) ?? [];
  const [old] = head === undefined ? [] : (name.exec(sql.slice(head.length)) ?? []);
  if (head === undefined || old === undefined) {
    throw new HoldfastError(
      'failed',
      `the schema has a statement that is not understood: ${sql.slice(0, 80)}`,
    );
  }
  return `${head}${quoteName(newName)} ${sql.slice(head.length + old.length)}`;
}
