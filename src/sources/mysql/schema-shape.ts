/** Reads from the CREATE TABLE statements of a dump what masking must know: columns with their types, keys, defaults. */
import type { ColumnShape, TableShape } from '../masking/column-type.ts';
import type { DatabaseShape, ForeignKey, UniqueKey } from '../masking/database-shape.ts';
import { type DumpToken, readTokens } from './dump-tokens.ts';

/** `sql` has each byte as a character. */
export function readSchemaShape(sql: string): DatabaseShape {
  const tables: TableShape[] = [];
  const uniqueKeys: UniqueKey[] = [];
  const foreignKeys: ForeignKey[] = [];
  let statement: DumpToken[] = [];
  for (const token of readTokens(sql)) {
    if (token.kind === 'remark') continue;
    if (token.source !== ';') {
      statement.push(token);
      continue;
    }
    const [create, table, name, bracket] = statement;
    if (create?.source === 'CREATE' && table?.source === 'TABLE' && name && bracket?.source === '(') {
      tables.push(readTable(nameOf(name), statement.slice(3), uniqueKeys, foreignKeys));
    }
    statement = [];
  }
  return { tables, uniqueKeys, foreignKeys };
}

function readTable(
  table: string,
  tokens: readonly DumpToken[],
  uniqueKeys: UniqueKey[],
  foreignKeys: ForeignKey[],
): TableShape {
  const columns: ColumnShape[] = [];
  const byDefault = ignoresCase(tokens.slice(tokens.findLastIndex(isCollate)));
  const single = new Set<string>();
  for (const item of listed(tokens)) {
    const [first, second] = item;
    if (first === undefined) continue;
    if (first.kind === 'name') {
      columns.push(readColumn(item, byDefault));
      continue;
    }
    const words = item.map(({ kind, source }) => (kind === 'word' ? source : ''));
    if (first.source === 'PRIMARY' || first.source === 'UNIQUE') {
      const names = namesIn(listed(item));
      // an expression keeps apart what its columns need not
      if (names.length === 0) continue;
      uniqueKeys.push({ schema: '', table, columns: names });
      if (names.length === 1) single.add(names[0]!);
    } else if (first.source === 'CONSTRAINT' && second && words[2] === 'FOREIGN') {
      const target = words.indexOf('REFERENCES');
      foreignKeys.push({
        from: { schema: '', table, columns: namesIn(listed(item.slice(2, target))) },
        to: {
          schema: '',
          table: nameOf(item[target + 1]!),
          columns: namesIn(listed(item.slice(target + 2))),
        },
      });
    }
  }
  return { name: table, columns: columns.map((column) => ({ ...column, unique: single.has(column.name) })) };
}

/** The option of a table, which has an equals sign where columns have none. */
function isCollate({ kind, source }: DumpToken, i: number, tokens: readonly DumpToken[]): boolean {
  return kind === 'word' && source === 'COLLATE' && tokens[i + 1]?.source === '=';
}

/** What the first collation among the tokens says; every character set compares without case by default. */
function ignoresCase(tokens: readonly DumpToken[]): boolean {
  const at = tokens.findIndex(({ kind, source }) => kind === 'word' && source === 'COLLATE');
  const name = tokens[at + 1]?.source === '=' ? tokens[at + 2] : tokens[at + 1];
  return at < 0 || name === undefined || name.source.endsWith('_ci');
}

function readColumn(item: readonly DumpToken[], byDefault: boolean): ColumnShape {
  const [name, ...rest] = item;
  const words = rest.map(({ kind, source }) => (kind === 'word' ? source : ''));
  const generated = words.includes('GENERATED') || words.includes('AS');
  // types are small letters, all else is capital
  const end = words.findIndex((word, i) => /^[A-Z]/.test(word) && depthAt(rest, i) === 0);
  const type = rest.slice(0, end < 0 ? rest.length : end);
  // how MariaDB writes a column of type json
  const isJson = words.includes('json_valid');
  const fallback = words.indexOf('DEFAULT');
  const value = fallback < 0 ? undefined : rest[fallback + 1];
  return {
    name: nameOf(name!),
    type: isJson
      ? 'json'
      : type
          .map(({ source }, i) =>
            /^[(),]$/.test(source) || i === 0 || /^[(,]$/.test(type[i - 1]!.source) ? source : ` ${source}`,
          )
          .join(''),
    nullable: !words.some((word, i) => word === 'NOT' && words[i + 1] === 'NULL'),
    // numbers and dates stand in quotes as well
    ...(generated && { generated }),
    ignoresCase: words.some((word) => word === 'COLLATE' || word === 'CHARACTER')
      ? ignoresCase(rest)
      : byDefault,
    literalDefault: value?.kind === 'text' && /[A-Za-z@\x80-\xff]/.test(value.source),
  };
}

function depthAt(tokens: readonly DumpToken[], end: number): number {
  let depth = 0;
  for (const { source } of tokens.slice(0, end)) depth += source === '(' ? 1 : source === ')' ? -1 : 0;
  return depth;
}

/** What stands between the first brackets, cut at commas. */
function listed(tokens: readonly DumpToken[]): DumpToken[][] {
  const items: DumpToken[][] = [];
  let item: DumpToken[] = [];
  let depth = 0;
  for (const token of tokens) {
    const { source } = token;
    if (source === '(' && depth++ === 0) continue;
    if (depth === 0) continue;
    if (source === ')' && --depth === 0) break;
    if (source === ',' && depth === 1) {
      items.push(item);
      item = [];
    } else item.push(token);
  }
  return item.length > 0 ? [...items, item] : items;
}

/** None when one of them is no plain name. */
function namesIn(items: readonly DumpToken[][]): string[] {
  if (items.some(([first]) => first?.kind !== 'name')) return [];
  return items.map(([first]) => nameOf(first!));
}

function nameOf({ source, kind }: DumpToken): string {
  const bare = kind === 'name' ? source.slice(1, -1).replaceAll('``', '`') : source;
  return Buffer.from(bare, 'latin1').toString();
}
