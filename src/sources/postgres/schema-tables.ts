/** Reads from the schema that pg_dump writes what masking must know: columns with their types, keys, defaults. */
import type { ColumnShape, TableShape } from '../masking/column-type.ts';
import type { DatabaseShape, ForeignKey, UniqueKey } from '../masking/database-shape.ts';
import { nameOf, readStatements, type SqlToken } from './sql-tokens.ts';
import { createCursor, type Cursor } from './statement-cursor.ts';

interface Column {
  readonly name: string;
  /** as pg_dump writes it; undefined where it comes from another table or type */
  type: string | undefined;
  notNull: boolean;
  readonly generated: boolean;
  /** the expression behind DEFAULT has a text in it */
  literalDefault: boolean;
}

interface Table {
  readonly schema: string;
  readonly name: string;
  readonly columns: Column[];
  readonly parents: string[];
  /** the composite type that it is of */
  readonly of: string | undefined;
}

type UserType =
  | { readonly kind: 'domain'; readonly base: string }
  | { readonly kind: 'enum' }
  | { readonly kind: 'record'; readonly columns: readonly Column[] }
  | { readonly kind: 'other' };

/** How deep types may be made of each other. */
const deepest = 32;

/** `sql`, each byte a character: what comes before the rows and what comes after them. */
export function readSchemaShape(sql: string): DatabaseShape {
  const tables = new Map<string, Table>();
  const types = new Map<string, UserType>();
  const uniqueKeys: UniqueKey[] = [];
  const foreignKeys: ForeignKey[] = [];

  for (const statement of readStatements(sql)) {
    const cursor = createCursor(statement);
    if (cursor.takes('CREATE')) {
      cursor.takes('UNLOGGED');
      if (cursor.takes('TABLE')) addTable(cursor);
      else if (cursor.takes('TYPE')) addType(cursor);
      else if (cursor.takes('DOMAIN')) {
        const name = cursor.qualified();
        if (cursor.takes('AS')) types.set(name.key, { kind: 'domain', base: cursor.typeText() });
      } else if (cursor.takes('UNIQUE')) addIndex(cursor);
    } else if (cursor.takes('ALTER') && cursor.takes('TABLE')) {
      cursor.takes('ONLY');
      alterTable(cursor);
    }
  }

  function addTable(cursor: Cursor): void {
    const { schema, name, key } = cursor.qualified();
    const of = cursor.takes('OF') ? cursor.qualified().key : undefined;
    const partitionOf = cursor.takes('PARTITION') ? (cursor.takes('OF'), [cursor.qualified().key]) : [];
    const columns = cursor.at('(') ? readColumns(cursor.list()) : [];
    const parents = cursor.takes('INHERITS')
      ? cursor.list().map((item) => createCursor(item).qualified().key)
      : [];
    tables.set(key, { schema, name, columns, parents: [...partitionOf, ...parents], of });
  }

  function addType(cursor: Cursor): void {
    const { key } = cursor.qualified();
    if (!cursor.takes('AS')) types.set(key, { kind: 'other' });
    else if (cursor.takes('ENUM')) types.set(key, { kind: 'enum' });
    else if (cursor.at('(')) types.set(key, { kind: 'record', columns: readColumns(cursor.list()) });
    else types.set(key, { kind: 'other' });
  }

  /** CREATE UNIQUE INDEX name ON table USING method (columns): of plain columns alone. */
  function addIndex(cursor: Cursor): void {
    while (!cursor.takes('ON')) if (!cursor.skip()) return;
    cursor.takes('ONLY');
    const table = cursor.qualified();
    while (!cursor.at('(')) if (!cursor.skip()) return;
    const items = cursor.list();
    if (items.some((item) => item[0]?.source === '(' || item[1]?.source === '(')) return;
    uniqueKeys.push({
      schema: table.schema,
      table: table.table,
      columns: items.map(([first]) => nameOf(first!)),
    });
  }

  function alterTable(cursor: Cursor): void {
    const table = cursor.qualified();
    if (cursor.takes('ALTER')) {
      cursor.takes('COLUMN');
      const column = tables.get(table.key)?.columns.find(({ name }) => name === cursor.peekName());
      cursor.skip();
      if (column && cursor.takes('SET') && cursor.takes('DEFAULT')) {
        column.literalDefault = hasText(cursor.rest());
      }
      return;
    }
    if (cursor.takes('ATTACH') && cursor.takes('PARTITION')) {
      tables.get(cursor.qualified().key)?.parents.push(table.key);
      return;
    }
    if (!cursor.takes('ADD') || !cursor.takes('CONSTRAINT')) return;
    cursor.skip();
    if (cursor.takes('PRIMARY') || cursor.takes('UNIQUE')) {
      while (!cursor.at('(')) if (!cursor.skip()) return;
      uniqueKeys.push({
        schema: table.schema,
        table: table.table,
        columns: cursor.list().map(([first]) => nameOf(first!)),
      });
    } else if (cursor.takes('FOREIGN')) {
      cursor.takes('KEY');
      const columns = cursor.list().map(([first]) => nameOf(first!));
      if (!cursor.takes('REFERENCES')) return;
      const target = cursor.qualified();
      const targetColumns = cursor.at('(') ? cursor.list().map(([first]) => nameOf(first!)) : [];
      foreignKeys.push({
        from: { schema: table.schema, table: table.table, columns },
        to: { schema: target.schema, table: target.table, columns: targetColumns },
      });
    }
  }

  /** What is inherited comes before what is a table's own. */
  function columnsOf(table: Table, depth = 0): Column[] {
    const inherited =
      depth < deepest
        ? table.parents.flatMap((key) => {
            const parent = tables.get(key);
            return parent ? columnsOf(parent, depth + 1) : [];
          })
        : [];
    const type = types.get(table.of ?? '');
    const typed = type?.kind === 'record' ? type.columns : [];
    const all = new Map<string, Column>();
    for (const column of [...inherited, ...typed, ...table.columns]) {
      const before = all.get(column.name);
      all.set(column.name, before && column.type === undefined ? { ...column, type: before.type } : column);
    }
    return [...all.values()];
  }

  function ancestorsOf(table: Table, depth = 0): Table[] {
    const parents = table.parents.map((key) => tables.get(key)).filter((parent) => parent !== undefined);
    return depth > deepest
      ? []
      : [...parents, ...parents.flatMap((parent) => ancestorsOf(parent, depth + 1))];
  }

  function shapeOfType(text: string, depth = 0): Pick<ColumnShape, 'type' | 'fields'> {
    if (depth > deepest) return { type: 'unknown' };
    if (text.endsWith('[]')) {
      const { type, fields } = shapeOfType(text.slice(0, -2), depth + 1);
      return { type: `${type}[]`, ...(fields && { fields }) };
    }
    const key = typeKey(text);
    const type = types.get(key);
    if (type?.kind === 'domain') return shapeOfType(type.base, depth + 1);
    if (type?.kind === 'enum') return { type: 'enum' };
    if (type?.kind === 'record') return recordOf(type.columns, depth);
    // each table is a type as well
    const row = tables.get(key);
    if (row) return recordOf(columnsOf(row), depth);
    // of an extension: its name tells more than its schema
    return { type: text.replace(/^(?:"(?:[^"]|"")*"|[\w$\x80-\xff]+)\./, '') };
  }

  function recordOf(columns: readonly Column[], depth: number): Pick<ColumnShape, 'type' | 'fields'> {
    const fields = columns.map(({ name, type }) => ({ name, ...shapeOfType(type ?? 'unknown', depth + 1) }));
    return { type: 'record', fields };
  }

  const single = new Set(
    uniqueKeys
      .filter(({ columns }) => columns.length === 1)
      .map(({ schema, table, columns }) => JSON.stringify([schema, table, columns[0]])),
  );
  const shapes = Array.from(tables.values(), (table): TableShape => ({
    schema: table.schema,
    name: table.name,
    within: ancestorsOf(table).map(({ schema, name }) => ({ schema, name })),
    columns: columnsOf(table)
      .filter(({ generated }) => !generated)
      .map(({ name, type, notNull, literalDefault }): ColumnShape => {
        const shape = shapeOfType(type ?? 'unknown');
        return {
          name,
          ...shape,
          nullable: !notNull,
          unique: single.has(JSON.stringify([table.schema, table.name, name])),
          ignoresCase: /^citext(?:\[\])?$/.test(shape.type ?? ''),
          literalDefault,
        };
      }),
  }));
  return { tables: shapes, uniqueKeys, foreignKeys };
}

function readColumns(items: readonly SqlToken[][]): Column[] {
  const columns: Column[] = [];
  for (const item of items) {
    const [first] = item;
    // a constraint of the table, written as a word of its own
    if (
      first === undefined ||
      (first.kind === 'word' &&
        /^(?:CONSTRAINT|CHECK|PRIMARY|UNIQUE|FOREIGN|EXCLUDE|LIKE)$/.test(first.source))
    )
      continue;
    const cursor = createCursor(item.slice(1));
    const type = cursor.takes('WITH') ? undefined : cursor.typeText();
    const rest = cursor.rest();
    const words = rest.map(({ kind, source }) => (kind === 'word' ? source : ''));
    const fallback = words.indexOf('DEFAULT');
    columns.push({
      name: nameOf(first),
      type: type === '' ? undefined : type,
      notNull: words.some((word, i) => word === 'NOT' && words[i + 1] === 'NULL'),
      generated: words.some(
        (word, i) => word === 'GENERATED' && rest.slice(i, i + 4).some(({ source }) => source === '('),
      ),
      literalDefault: fallback >= 0 && hasText(untilConstraint(rest.slice(fallback + 1))),
    });
  }
  return columns;
}

/** A text that is not empty, and not the name of a sequence or the like within a call of a function. */
function hasText(expression: readonly SqlToken[]): boolean {
  return expression.some(
    ({ kind, source }, i) =>
      kind === 'text' &&
      !/^[eE]?'(?:\{\}|\[\])?'$/.test(source) &&
      !/^(?:::)?regclass$/.test(expression[i + 3]?.source ?? ''),
  );
}

function untilConstraint(tokens: readonly SqlToken[]): readonly SqlToken[] {
  const end = tokens.findIndex(
    ({ kind, source }) => kind === 'word' && (source === 'CONSTRAINT' || source === 'CHECK'),
  );
  return end < 0 ? tokens : tokens.slice(0, end);
}

/** A type without the quotes that its names do not need. */
function typeKey(text: string): string {
  const parts = [...text.matchAll(/"((?:[^"]|"")*)"|([^".]+)/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare,
  );
  return JSON.stringify(parts.map((part) => Buffer.from(part!, 'latin1').toString()));
}
