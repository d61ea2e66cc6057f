/** Restores some tables or schemas of a dump, reading these alone: in one transaction, so that a failure leaves nothing. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import { requireRows } from '../database/lost-parts.ts';
import type { RestorePlan } from '../database/restore-plan.ts';
import { assemblePart } from './assemble-part.ts';
import { neededBy, readStoredSchema, reliesOn, type SchemaStatement } from './chosen-statements.ts';
import { keyOfTable, readable, schemaOfKey } from './dump-names.ts';
import { fromDumpBytes, quoteName, quoteText, toDumpBytes } from './dump-tokens.ts';
import { collectNeeds, readPreamble } from './edit-dump.ts';
import { runPsql } from './load-dump.ts';
import { refuseAbsent, takenForGranted } from './needed-objects.ts';
import { lossesOf } from './part-losses.ts';
import { schemaPiece, tablePiece } from './part-piece.ts';
import { endSessions, type PreparedTarget, refuseNeeds, withState } from './prepare-target.ts';
import { askPsql } from './server-facts.ts';

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
  await refuseLacking(chosen, stored, target);

  const needs = { roles: new Set<string>(), tablespaces: new Set<string>() };
  const collect = collectNeeds(target.edit, needs);
  for (const statement of chosen) collect(statement);
  await refuseNeeds({ ...stored, evidence: { ...stored.evidence, extensions: [] } }, target, needs, []);

  const schemas = new Set(await schemasThere(target, schema.encoding));
  const losses = await lossesOf(pieces, target, schemas);
  const made = [...new Set([...pieces.map((piece) => piece.schema), ...[...brought].map(schemaOfKey)])];
  const missing = made.filter((name) => !schemas.has(name) || losses.dropped.has(name));
  const tables = stored.evidence.tables.filter((table) =>
    pieces.some((piece) => piece.tables(keyOfTable(table, schema))),
  );
  requireRows(stored, tables);
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
      taken.set(
        piece.schema,
        await namesTaken(target, { ...piece, encoding: schema.encoding }, losses.dropped),
      );
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

/** Names what these statements need and would not find in the target. Code `not-found`. */
export async function refuseLacking(
  statements: Iterable<SchemaStatement>,
  { evidence }: StoredDatabase,
  target: PreparedTarget,
  isEmpty = false,
): Promise<void> {
  const keys = [...takenForGranted(statements)];
  const there = isEmpty ? new Set<string>() : await askThere(target, keys);
  const absent = keys.filter((key) => !there.has(key));
  refuseAbsent(absent, target.options.connection.database, evidence);
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

/** Which of these relations, types, functions and the like the target has. */
async function askThere({ psql, child }: PreparedTarget, keys: readonly string[]): Promise<Set<string>> {
  if (keys.length === 0) return new Set();
  const named = new Map(keys.map((key) => [key.split('\0').map(fromDumpBytes).join('\0'), key]));
  const values = [...named.keys()].map((name) => `(${name.split('\0').map(quoteText).join(', ')})`);
  const found = await askPsql<[string, string][]>(
    psql.path,
    `select coalesce(json_agg(json_build_array(v.s, v.n)), '[]') from (values ${values.join(', ')}) v (s, n)
  join pg_catalog.pg_namespace n on n.nspname = v.s
  where exists (select from pg_catalog.pg_opclass o where o.opcnamespace = n.oid and o.opcname = v.n)
    or exists (select from pg_catalog.pg_class c where c.relnamespace = n.oid and c.relname = v.n)
    or exists (select from pg_catalog.pg_type t where t.typnamespace = n.oid and t.typname = v.n)
    or exists (select from pg_catalog.pg_proc p where p.pronamespace = n.oid and p.proname = v.n)
    or exists (select from pg_catalog.pg_collation l where l.collnamespace = n.oid and l.collname = v.n);`,
    child,
  );
  return new Set(found.map((names) => named.get(names.join('\0'))!));
}

/** Of the target database, in the bytes of a dump in this encoding. */
export async function schemasThere({ psql, child }: PreparedTarget, encoding: string): Promise<string[]> {
  const names = await askPsql<string[]>(
    psql.path,
    'select json_agg(nspname) from pg_catalog.pg_namespace;',
    child,
  );
  return names.map((name) => toDumpBytes(name, encoding));
}

/** Names of relations in a schema, unless that is dropped before. */
async function namesTaken(
  { psql, child }: PreparedTarget,
  { schema, encoding }: { readonly schema: string; readonly encoding: string },
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
  return new Set(names.map((name) => toDumpBytes(name, encoding)).filter((name) => !free.includes(name)));
}
