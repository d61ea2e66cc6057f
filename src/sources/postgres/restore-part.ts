/** Restores some tables or schemas of a dump, reading these alone: in one transaction, so that a failure leaves nothing. */
import { randomBytes } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { DatabaseLoss, RestorePlan } from '../database/restore-plan.ts';
import { assemblePart } from './assemble-part.ts';
import {
  type ChosenTable,
  findTable,
  isAbout,
  isIn,
  neededBy,
  readStoredSchema,
  reliesOn,
  type SchemaStatement,
  type StoredSchema,
} from './chosen-statements.ts';
import { objectKey, readable } from './dump-names.ts';
import { fromDumpBytes, quoteName, quoteText, toDumpBytes } from './dump-tokens.ts';
import { collectNeeds, readPreamble } from './edit-dump.ts';
import { runPsql } from './load-dump.ts';
import { moveIntoPlace } from './move-into-place.ts';
import { parseSchemaChoice, parseTableChoice } from './part-choice.ts';
import { renameSchema } from './rename-schema.ts';
import { askPsql } from './server-facts.ts';
import { askContents, lossOf } from './target-facts.ts';
import { endSessions, type PreparedTarget, refuseNeeds, withState } from './prepare-target.ts';

/** A table or a schema of the dump, and where it goes. Names are in the bytes of the dump. */
interface Piece {
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

/** Codes `not-found` for what the dump does not have, `exists` for what is there already; the others of a restore. */
export async function restorePart(stored: StoredDatabase, target: PreparedTarget): Promise<void> {
  const { options, psql, child } = target;
  const { choices } = options;
  refuseWhole(options);
  const schema = await readStoredSchema(stored);
  const pieces = [
    ...(choices.tables ?? []).map((text) => tablePiece(schema, text)),
    ...(choices.schemas ?? []).map((text) => schemaPiece(schema, text, options.warn)),
  ];
  const all = [...schema.before, ...schema.sequences, ...schema.after];
  const chosen = new Set(all.filter((statement) => pieces.some((piece) => piece.chosen(statement))));
  const besides = neededBy(schema, [...chosen]);
  const there = await askThere(target, [...besides, ...[...chosen].flatMap((one) => reliesOn(one) ?? [])]);
  const brought = new Set([...besides].filter((key) => !there.has(key)));
  for (const statement of all) if (brought.has(statement.subject ?? '')) chosen.add(statement);
  leaveOut(chosen, brought, there, options.warn);

  const needs = { roles: new Set<string>(), tablespaces: new Set<string>() };
  const collect = collectNeeds(target.edit, needs);
  for (const statement of chosen) collect(statement);
  refuseNeeds({ ...stored, evidence: { ...stored.evidence, extensions: [] } }, target, needs, []);

  const schemas = new Set(await schemasThere(target));
  const losses = await lossesOf(pieces, target, schemas);
  const made = [...new Set([...pieces.map((piece) => piece.schema), ...[...brought].map(schemaOfKey)])];
  const missing = made.filter((name) => !schemas.has(name) || losses.dropped.has(name));
  const tables = stored.evidence.tables.filter((table) =>
    pieces.some((piece) => piece.tables(objectKey(toDumpBytes(table.schema), toDumpBytes(table.name)))),
  );
  const plan: RestorePlan = {
    steps: [
      ...losses.steps,
      ...missing.map((name) => `make the schema ${fromDumpBytes(name)}`),
      ...[...brought].map((key) => `make ${readable(key)}, which is needed and missing`),
      ...pieces.map(({ what }) => `restore ${what}`),
    ],
    loss: losses.loss,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
  };
  if ((await options.proceed?.(plan)) === false) return;

  const taken = new Map<string, Set<string>>();
  for (const piece of pieces) {
    if (piece.objects.size > 0 && piece.table !== undefined)
      taken.set(piece.schema, await namesTaken(target, piece.schema, losses.dropped));
  }
  const targets = new Map(pieces.flatMap(({ objects }) => [...objects]));
  const rename = (sql: string): string => pieces.reduce((text, piece) => piece.rename?.(text) ?? text, sql);
  const isMade = ({ heading, sql }: SchemaStatement): boolean =>
    heading.type === 'SCHEMA' && sql.startsWith('CREATE ');
  const part = {
    chosen: (statement: SchemaStatement) => chosen.has(statement) && !isMade(statement),
    hasRows: (key: string) => pieces.some((piece) => piece.tables(key)),
    schemaOf: (key: string) => targets.get(key),
    rename,
    edit: target.edit,
  };
  async function* sql(): AsyncGenerator<Uint8Array, void, void> {
    yield Buffer.from(await readPreamble(stored.read(stored.evidence.parts[0]!.name), target.edit), 'latin1');
    const drops = losses.sql;
    const creates = missing.map((name) => `CREATE SCHEMA ${quoteName(name)};\n`).join('');
    yield Buffer.from(`\n${drops}${creates}${pieces.map(({ first }) => first).join('')}`, 'latin1');
    yield* assemblePart(stored, schema, part);
    const lasts = pieces.map((piece) => piece.last(taken.get(piece.schema) ?? new Set()));
    yield Buffer.from(`\n${lasts.join('')}`, 'latin1');
  }
  try {
    await runPsql(sql(), { psql: psql.path, version: psql.version, child, singleTransaction: true });
  } catch (cause) {
    await endSessions(target);
    throw withState(cause, 'nothing was changed', options.warn);
  }
}

/** Code `usage` for what makes sense of a whole database alone. */
function refuseWhole({ choices }: PreparedTarget['options']): void {
  const flag = choices.create
    ? '--create'
    : choices.withRoles
      ? '--with-roles'
      : choices.jobs
        ? '--jobs'
        : undefined;
  if (flag === undefined) return;
  throw new HoldfastError('usage', `${flag} is for a whole database, not for tables and schemas of it`);
}

function tablePiece(schema: StoredSchema, text: string): Piece {
  const choice = parseTableChoice(text);
  const name = toDumpBytes(choice.name);
  const made = schema.before.filter(
    ({ heading, sql }) => heading.type.endsWith('TABLE') && sql.startsWith('CREATE '),
  );
  const keys = made
    .map(({ subject }) => subject!)
    .filter((key) => key.endsWith(`\0${name}`))
    .filter((key) => choice.schema === undefined || schemaOfKey(key) === toDumpBytes(choice.schema));
  const [key] = keys;
  const asked = choice.schema === undefined ? choice.name : `${choice.schema}.${choice.name}`;
  const found = key === undefined ? undefined : findTable(schema, key);
  if (key === undefined || !found)
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
  const own = new Set([...found.tables, ...found.sequences, ...found.indexes, ...found.statistics]);
  const oldSchema = schemaOfKey(key);
  const newSchema = choice.newSchema === undefined ? oldSchema : toDumpBytes(choice.newSchema);
  const newName = choice.newName === undefined ? name : toDumpBytes(choice.newName);
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
    last: (taken) => (moves ? moveIntoPlace(found as ChosenTable, { ...place, taken }) : ''),
  };
}

function schemaPiece(schema: StoredSchema, text: string, warn: (message: string) => void): Piece {
  const choice = parseSchemaChoice(text);
  const [name, newName] = [toDumpBytes(choice.name), toDumpBytes(choice.newName)];
  const statements = [...schema.before, ...schema.after].filter((statement) => isIn(statement, name));
  if (statements.length === 0) throw unknown('schema', choice.name, schemaNames(schema));
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

const schemaOfKey = (key: string): string => key.slice(0, key.indexOf('\0'));

function unknown(what: string, asked: string, known: readonly string[]): HoldfastError {
  const alike = known.filter((name) => name.toLowerCase().endsWith(asked.toLowerCase()));
  const hint =
    alike.length > 0
      ? `there is ${alike.slice(0, 5).join(', ')}`
      : `there are ${known.slice(0, 10).join(', ')}`;
  return new HoldfastError('not-found', `the dump has no ${what} ${asked}`, known.length > 0 ? { hint } : {});
}

/** Foreign keys and triggers that would miss what they rely on. */
function leaveOut(
  chosen: Set<SchemaStatement>,
  brought: ReadonlySet<string>,
  there: ReadonlySet<string>,
  warn: (message: string) => void,
): void {
  const made = new Set(
    [...chosen].flatMap(({ subject, sql }) => (sql.startsWith('CREATE ') && subject ? [subject] : [])),
  );
  for (const statement of chosen) {
    const key = reliesOn(statement);
    if (key === undefined || made.has(key) || brought.has(key) || there.has(key)) continue;
    chosen.delete(statement);
    const what = statement.heading.type === 'TRIGGER' ? 'the trigger' : 'the foreign key';
    warn(`${what} ${statement.heading.name} is left out: ${readable(key)} is not there`);
  }
}

/** Which of these relations, types and functions the target has. */
async function askThere({ psql, child }: PreparedTarget, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const values = [...new Set(keys)].map((key) => {
    const [schema, name] = key.split('\0').map((part) => quoteText(fromDumpBytes(part)));
    return `(${schema}, ${name})`;
  });
  const found = await askPsql<[string, string][]>(
    psql.path,
    `select coalesce(json_agg(json_build_array(v.s, v.n)), '[]') from (values ${values.join(', ')}) v (s, n)
  join pg_catalog.pg_namespace n on n.nspname = v.s
  where exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = v.n)
    or exists (select from pg_catalog.pg_type t where t.typnamespace = n.oid and t.typname = v.n)
    or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = v.n)
    or exists (select from pg_catalog.pg_collation l where l.collnamespace = n.oid and l.collname = v.n);`,
    child,
  );
  return new Set(found.map(([schema, name]) => objectKey(toDumpBytes(schema), toDumpBytes(name))));
}

async function schemasThere({ psql, child }: PreparedTarget): Promise<string[]> {
  const names = await askPsql<string[]>(
    psql.path,
    'select json_agg(nspname) from pg_catalog.pg_namespace;',
    child,
  );
  return names.map(toDumpBytes);
}

/** Names of relations in a schema, unless that is dropped before. */
async function namesTaken(
  { psql, child }: PreparedTarget,
  schema: string,
  dropped: ReadonlySet<string>,
): Promise<Set<string>> {
  if (dropped.has(schema)) return new Set();
  const names = await askPsql<string[]>(
    psql.path,
    `select coalesce(json_agg(c.relname), '[]') from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = ${quoteText(fromDumpBytes(schema))};`,
    child,
  );
  const free = [...dropped]
    .filter((key) => schemaOfKey(key) === schema)
    .map((key) => key.slice(schema.length + 1));
  return new Set(names.map(toDumpBytes).filter((name) => !free.includes(name)));
}

interface Losses {
  readonly loss: DatabaseLoss | undefined;
  readonly steps: readonly string[];
  readonly sql: string;
  /** schemas, and keys of tables */
  readonly dropped: ReadonlySet<string>;
}

/** What stands where the pieces go. Code `exists` unless it may be removed. */
async function lossesOf(
  pieces: readonly Piece[],
  { options, psql, child }: PreparedTarget,
  schemas: ReadonlySet<string>,
): Promise<Losses> {
  const found: DatabaseLoss[] = [];
  const dropped = new Set<string>();
  let sql = '';
  for (const { schema, table } of pieces) {
    if (!schemas.has(schema)) continue;
    const names = [schema, ...(table === undefined ? [] : [table])];
    const what = `the ${table === undefined ? 'schema' : 'table'} ${names.map(fromDumpBytes).join('.')}`;
    const contents = await askContents(
      psql.path,
      child,
      fromDumpBytes(schema),
      table && fromDumpBytes(table),
    );
    const loss = lossOf(what, contents);
    if (!loss) continue;
    if (!options.choices.clean) {
      throw new HoldfastError('exists', `${what} is there already`, {
        hint: 'restore it under another name, as NAME=OTHER; or --clean removes first what is there',
      });
    }
    found.push(loss);
    dropped.add(table === undefined ? schema : objectKey(schema, table));
    // what depends on a table alone is none of the restore's business: psql will name it
    sql += `DROP ${table === undefined ? 'SCHEMA' : 'TABLE'} ${names.map(quoteName).join('.')}${table === undefined ? ' CASCADE' : ''};\n`;
  }
  return {
    loss:
      found.length === 0
        ? undefined
        : {
            what: found.map(({ what }) => what).join(', '),
            tables: found.flatMap(({ tables }) => tables),
            others: found.reduce((sum, { others }) => sum + others, 0),
          },
    steps: found.map(({ what }) => `drop ${what}`),
    sql,
    dropped,
  };
}
