/** Reads the line of a dump that begins a table's rows: which table they belong to. */
import { nameOf, readTokens } from './sql-tokens.ts';

export interface CopyTarget {
  readonly schema: string;
  readonly table: string;
}

/** `COPY schema.table (columns) FROM stdin;` as pg_dump writes it; undefined for anything else. */
export function parseCopy(statement: string): CopyTarget | undefined {
  if (!statement.startsWith('COPY ')) return undefined;
  const schema = readIdentifier(statement, 5);
  if (!schema || statement[schema.end] !== '.') return undefined;
  const table = readIdentifier(statement, schema.end + 1);
  return table && { schema: schema.name, table: table.name };
}

/** The name of a table's part of a snapshot: `2-data.SCHEMA.TABLE.sql`, what is not plain percent-encoded. */
export function partName({ schema, table }: CopyTarget): string {
  const encode = (name: string): string =>
    name.replaceAll(
      /[./%\\\0-\x1f\x7f]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
    );
  return `2-data.${encode(schema)}.${encode(table)}.sql`;
}

function readIdentifier(text: string, start: number): { name: string; end: number } | undefined {
  if (text[start] !== '"') {
    const match = /^[^\s."(]+/.exec(text.slice(start, start + 512));
    return match ? { name: match[0], end: start + match[0].length } : undefined;
  }
  let name = '';
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] !== '"') name += text[at];
    else if (text[at + 1] === '"') name += text[++at];
    else return { name, end: at + 1 };
  }
  return undefined;
}

/** Whose rows follow, and the columns that they have: `text` ends with the COPY statement, each byte a character. */
export function parseCopyColumns(text: string): (CopyTarget & { columns: string[] }) | undefined {
  const statement = Array.from(readTokens(text)).filter(({ kind }) => kind !== 'comment');
  const [copy, schema, dot, table, ...rest] = statement;
  if (copy?.source !== 'COPY' || !schema || dot?.source !== '.' || !table) return undefined;
  const end = rest.findIndex(({ source }) => source === ')');
  const listed = rest[0]?.source === '(' ? rest.slice(1, end) : [];
  if (rest.at(-1)?.source !== ';' || rest.at(-2)?.source !== 'stdin') return undefined;
  const columns = listed.filter(({ source }) => source !== ',').map((token) => nameOf(token));
  return { schema: nameOf(schema), table: nameOf(table), columns };
}
