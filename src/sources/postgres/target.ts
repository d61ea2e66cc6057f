/** A PostgreSQL database as a target: a dump goes through the stock psql, which stops at the first error. */
import { availableParallelism } from 'node:os';
import { HoldfastError } from '../../kernel/errors.ts';
import type { StoredDatabase } from '../database/driver.ts';
import type { RestorePlan } from '../database/restore-plan.ts';
import { createDatabaseSql } from './create-database.ts';
import { fromDumpBytes, quoteName, toDumpBytes } from './dump-tokens.ts';
import { collectNeeds, editDump, type EditStatement } from './edit-dump.ts';
import { emptyingSql } from './empty-database.ts';
import { joinedParts, loadDump, runPsql } from './load-dump.ts';
import {
  afterwards,
  endSessions,
  listed,
  type PostgresTargetOptions,
  type PreparedTarget,
  prepareTarget,
  refuseNeeds,
  withState,
} from './prepare-target.ts';
import { collectSchemas, makesSchemas, type NeededSchemas } from './needed-schemas.ts';
import { readStoredSchema } from './chosen-statements.ts';
import { refuseLacking, restorePart, schemasThere } from './restore-part.ts';
import { type MissingRoles, missingRoles } from './restore-roles.ts';
import { rolesMadeBy } from './script-roles.ts';
import { askContents, lossOf } from './target-facts.ts';

/**
 * Restores into an empty database, or one that is emptied or made first when that is asked for. Codes `exists` when it
 * is not empty, `not-found` when roles or extensions are missing, `unsupported` when the server is too old, `failed`
 * with psql's own words and what became of the database.
 */
export async function restorePostgres(stored: StoredDatabase, options: PostgresTargetOptions): Promise<void> {
  const target = await prepareTarget(stored, options);
  const { choices, connection } = options;
  if (choices.tables || choices.schemas) return restorePart(stored, target);
  const { server, child, psql } = target;
  const name = connection.database;
  const found = server.exists ? await askContents(psql.path, child) : undefined;
  const loss = found && lossOf(`the database ${name}`, found);
  if (loss && !choices.clean) {
    throw new HoldfastError('exists', `the database ${name} is not empty`, {
      hint: 'restore into a new one, which --create makes; or --clean removes first what is there',
    });
  }
  if (found && !choices.create && found.encoding !== stored.evidence.encoding) {
    options.warn(
      `the database ${name} has the encoding ${found.encoding}, and the dump ${stored.evidence.encoding}`,
    );
  }
  const roles = await rolesToMake(stored, target);
  const schemas = await refuseMissing(stored, target, roles.names);
  const isRemade = choices.create && choices.clean;
  // a database that is made or emptied has this one schema
  const there =
    found && !isRemade && !loss ? await schemasThere(target, stored.evidence.encoding) : ['public'];
  const missing = schemas.lacking().filter((schema) => !there.includes(schema));
  if (stored.evidence.choices) {
    const { before, sequences, after } = await readStoredSchema(stored);
    const isEmpty = !found || isRemade === true || loss !== undefined;
    await refuseLacking([...before, ...sequences, ...after], stored, target, isEmpty);
  }
  const { tables } = stored.evidence;
  const plan: RestorePlan = {
    steps: [
      ...roles.names.map((role) => `make the role ${role}`),
      ...(server.exists && choices.clean && choices.create ? [`drop the database ${name}`] : []),
      ...(choices.create && (!server.exists || choices.clean) ? [`make the database ${name}`] : []),
      ...(loss && !choices.create ? [`empty the database ${name}`] : []),
      ...missing.map(
        (schema) => `make the schema ${fromDumpBytes(schema)}, which the dump takes for granted`,
      ),
    ],
    loss,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
  };
  if ((await options.proceed?.(plan)) === false) return;
  const edit = makesSchemas(target.edit, missing, choices.owner);
  await perform(stored, { ...target, edit }, roles, loss !== undefined);
}

async function rolesToMake(
  stored: StoredDatabase,
  { options, server }: PreparedTarget,
): Promise<MissingRoles> {
  if (!options.choices.withRoles) return { names: [], sql: '' };
  const { globals } = stored.evidence;
  if (globals) return missingRoles(stored, globals.name, new Set(server.roles));
  throw new HoldfastError('not-found', 'the snapshot does not have the roles of its server', {
    hint: 'it was made without them: make them by hand, or go without by --no-owner and --no-privileges',
  });
}

/** Large objects' own part is looked through for owners up to this size, bytes. */
const searchedBytes = 64 * 1024 * 1024;

/**
 * Names everything that the dump needs and the server does not have, before anything is written. Answers with the schemas
 * that it speaks of.
 */
async function refuseMissing(
  stored: StoredDatabase,
  target: PreparedTarget,
  made: readonly string[],
): Promise<NeededSchemas> {
  const schemas = collectSchemas();
  const needs = { roles: new Set<string>(), tablespaces: new Set<string>() };
  const collect = collectNeeds(target.edit, needs);
  // a dump that brings its roles along, as scripts around pg_dumpall write it
  const brought: string[] = [];
  const look: EditStatement = (statement) => {
    for (const role of rolesMadeBy(statement.text.slice(statement.start))) brought.push(fromDumpBytes(role));
    schemas.look(statement);
    return collect(statement);
  };
  const parts = stored.evidence.parts.filter(
    ({ name, bytes }) => !name.startsWith('2-data.') && bytes <= searchedBytes,
  );
  for await (const piece of editDump(joinedParts(stored, parts), look)) void piece;
  await refuseNeeds(stored, target, needs, [...made, ...brought]);
  return schemas;
}

/** Below this one connection is as fast, bytes. */
const worthJobs = 32 * 1024 * 1024;
const mostJobs = 4;

function jobsFor(
  { evidence }: StoredDatabase,
  { choices, singleTransaction }: PostgresTargetOptions,
): number {
  if (singleTransaction) return 1;
  if (choices.jobs !== undefined) return choices.jobs;
  const bytes = evidence.parts.reduce((sum, part) => sum + part.bytes, 0);
  return bytes < worthJobs ? 1 : Math.min(mostJobs, availableParallelism());
}

async function perform(
  stored: StoredDatabase,
  target: PreparedTarget,
  roles: MissingRoles,
  full: boolean,
): Promise<void> {
  const { options, psql, child, elsewhere, server, edit } = target;
  const { choices, connection, singleTransaction } = options;
  const name = connection.database;
  const { encoding, locale } = stored.evidence;
  const run = { psql: psql.path, version: psql.version, singleTransaction: false };
  const ask = (sql: string, child = elsewhere): Promise<void> =>
    runPsql(once(toDumpBytes(sql)), { ...run, child });
  let state = 'nothing was changed';
  let made = false;
  try {
    if (roles.sql !== '') {
      const sql = once(`SET client_encoding = 'UTF8';\n${roles.sql}`);
      const where = server.exists ? child : elsewhere;
      await runPsql(sql, { ...run, child: where, singleTransaction: true });
      state = `${listed('role', roles.names)} made, and nothing else was changed`;
    }
    if (choices.create && server.exists && choices.clean) {
      await ask(`DROP DATABASE ${quoteName(name)};\n`);
      state = `the database ${name} is dropped`;
    }
    if (choices.create && (!server.exists || choices.clean)) {
      const owner = typeof choices.owner === 'string' ? choices.owner : undefined;
      await ask(createDatabaseSql({ name, encoding, locale, owner, major: server.major }));
      made = true;
      state = `the database ${name} is new and empty`;
    }
    const first = full && !choices.create ? toDumpBytes(await emptyingSql(psql.path, child)) : '';
    if (!singleTransaction) state = `the database ${name} is left with a part of the restore`;
    const jobs = jobsFor(stored, options);
    await loadDump(stored, { ...run, child, edit, singleTransaction, jobs, first });
  } catch (cause) {
    await endSessions(target);
    if (made && singleTransaction) {
      const dropped = ask(`DROP DATABASE ${quoteName(name)};\n`, afterwards(elsewhere));
      state = await dropped.then(
        () => `the new database ${name} was dropped again`,
        () => state,
      );
    }
    throw withState(cause, state, options.warn);
  }
}

async function* once(sql: string): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(sql, 'latin1');
}
