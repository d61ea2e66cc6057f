/** What is asked for of a dump, a table or a schema, and what it takes to bring it to its place. */
import { randomBytes } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import {
  type ChosenTable,
  findTable,
  isAbout,
  isIn,
  type SchemaStatement,
  type StoredSchema,
} from './chosen-statements.ts';
import { objectKey, readable, schemaOfKey } from './dump-names.ts';
import { fromDumpBytes, quoteName, toDumpBytes } from './dump-tokens.ts';
import { moveIntoPlace } from './move-into-place.ts';
import { parseSchemaChoice, parseTableChoice } from './part-choice.ts';
import { renameSchema } from './rename-schema.ts';

/** A table or a schema of the dump, and where it goes. Names are in the bytes of the dump. */
export interface Piece {
  /** for messages */
  readonly what: string;
  readonly chosen: (statement: SchemaStatement) => boolean;
  readonly tables: (key: string) => boolean;
  /** where its objects are made, when that is not where they were */
  readonly objects: ReadonlyMap<string, string>;
  readonly schema: string;
  readonly table: string | undefined;
  readonly rename: ((sql: string) => string) | undefined;
  /** SQL before and behind it */
  readonly first: string;
  readonly last: (taken: ReadonlySet<string>) => string;
}

/** The table that is meant, with all that belongs to it. Codes `not-found` when the dump has none, `usage` when it has several. */
export function chosenTable(
  schema: StoredSchema,
  text: string,
): { readonly key: string; readonly table: ChosenTable } {
  const choice = parseTableChoice(text);
  const bytes = (name: string): string => toDumpBytes(name, schema.encoding);
  const name = bytes(choice.name);
  const made = schema.before.filter(
    ({ heading, sql }) => heading.type.endsWith('TABLE') && sql.startsWith('CREATE '),
  );
  const keys = made
    .map(({ subject }) => subject!)
    .filter((key) => key.endsWith(`\0${name}`))
    .filter((key) => choice.schema === undefined || schemaOfKey(key) === bytes(choice.schema));
  const [key] = keys;
  const asked = choice.schema === undefined ? choice.name : `${choice.schema}.${choice.name}`;
  const table = key === undefined ? undefined : findTable(schema, key);
  if (key === undefined || !table)
    throw unknown(
      'table',
      asked,
      made.map(({ subject }) => readable(subject!)),
    );
  if (keys.length > 1) {
    throw new HoldfastError('usage', `there are several tables ${asked}`, {
      hint: `say which: ${keys.map(readable).join(', ')}`,
    });
  }
  return { key, table };
}

/** Codes as of `chosenTable`. */
export function tablePiece(schema: StoredSchema, text: string): Piece {
  const { key, table: found } = chosenTable(schema, text);
  const choice = parseTableChoice(text);
  const bytes = (name: string): string => toDumpBytes(name, schema.encoding);
  const name = bytes(choice.name);
  const own = new Set([...found.tables, ...found.sequences, ...found.indexes, ...found.statistics]);
  const oldSchema = schemaOfKey(key);
  const newSchema = choice.newSchema === undefined ? oldSchema : bytes(choice.newSchema);
  const newName = choice.newName === undefined ? name : bytes(choice.newName);
  const moves = newSchema !== oldSchema || newName !== name;
  const scratch = `holdfast_${randomBytes(8).toString('hex')}`;
  const place = { scratch, oldName: name, schema: newSchema, name: newName };
  return {
    what: `the table ${readable(key)}${moves ? ` as ${readable(objectKey(newSchema, newName))}` : ''}`,
    chosen: (statement) => isAbout(statement, own),
    tables: (table) => found.tables.includes(table),
    objects: new Map(moves ? [...own].map((object) => [object, scratch]) : []),
    schema: newSchema,
    table: newName,
    rename: undefined,
    first: moves ? `CREATE SCHEMA ${quoteName(scratch)};\n` : '',
    last: (taken) => (moves ? moveIntoPlace(found, { ...place, taken }) : ''),
  };
}

/** Code `not-found` when the dump has nothing in it. */
export function schemaPiece(schema: StoredSchema, text: string, warn: (message: string) => void): Piece {
  const choice = parseSchemaChoice(text);
  const [name, newName] = [choice.name, choice.newName].map((each) => toDumpBytes(each, schema.encoding)) as [
    string,
    string,
  ];
  const statements = [...schema.before, ...schema.after].filter((statement) => isIn(statement, name));
  if (statements.length === 0) throw unknown('schema', choice.name, schemaNames(schema).map(fromDumpBytes));
  const moves = newName !== name;
  const renamed = moves ? renameSchema(statements, name, newName, warn) : undefined;
  return {
    what: `the schema ${choice.name}${moves ? ` as ${choice.newName}` : ''}`,
    chosen: (statement) => isIn(statement, name),
    tables: (key) => schemaOfKey(key) === name,
    objects: renamed?.objects ?? new Map(),
    schema: newName,
    table: undefined,
    rename: renamed?.rename,
    first: '',
    last: () => '',
  };
}

function schemaNames({ before }: StoredSchema): string[] {
  return [...new Set(before.flatMap(({ heading }) => (heading.schema === '-' ? [] : [heading.schema])))];
}

function unknown(what: string, asked: string, known: readonly string[]): HoldfastError {
  const alike = known.filter((name) => name.toLowerCase().endsWith(asked.toLowerCase()));
  const hint =
    alike.length > 0
      ? `there is ${alike.slice(0, 5).join(', ')}`
      : `there are ${known.slice(0, 10).join(', ')}`;
  return new HoldfastError('not-found', `the dump has no ${what} ${asked}`, known.length > 0 ? { hint } : {});
}
