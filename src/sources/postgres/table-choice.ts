/** Which tables and schemas of a database are taken: pg_dump's own patterns, and an error for each that matches nothing. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { ProcessOptions } from '../../kernel/process.ts';
import type { DatabaseChoices, TableChoices } from '../database/driver.ts';
import { parseNamePattern } from './name-pattern.ts';
import { askPsql } from './server-facts.ts';
import { sqlText } from './sql-text.ts';

/** pg_dump calls them as our command line does. */
const flags: readonly (readonly [choice: keyof TableChoices, flag: string, what: 'schema' | 'table'])[] = [
  ['schemas', '--schema', 'schema'],
  ['excludeSchemas', '--exclude-schema', 'schema'],
  ['tables', '--table', 'table'],
  ['excludeTables', '--exclude-table', 'table'],
  ['excludeTableData', '--exclude-table-data', 'table'],
];

/** What was chosen, to be told in the snapshot; undefined when all is taken. */
export function tableChoices(choices: DatabaseChoices): TableChoices | undefined {
  const chosen = flags.flatMap(([choice]) => (choices[choice]?.length ? [[choice, choices[choice]]] : []));
  return chosen.length === 0 ? undefined : (Object.fromEntries(chosen) as TableChoices);
}

/** The arguments for pg_dump. */
export function tableArguments(choices: TableChoices): string[] {
  const patterns = flags.flatMap(([choice, flag]) =>
    (choices[choice] ?? []).map((pattern) => `${flag}=${pattern}`),
  );
  return ['--strict-names', ...patterns];
}

/** Code `not-found` when a pattern matches nothing (it is misspelt, or what it meant is gone), or all is left out. */
export async function refuseIdleChoices(
  psql: string,
  choices: TableChoices,
  child: ProcessOptions,
): Promise<void> {
  const patterns = flags.flatMap(([choice, flag, what]) =>
    (choices[choice] ?? []).map((pattern) => ({ flag, what, pattern })),
  );
  if (patterns.length === 0) return;
  const questions = patterns.map(({ what, pattern }) => (what === 'schema' ? anySchema : anyTable)(pattern));
  const answers = await askPsql<readonly boolean[]>(
    psql,
    `select json_build_array(${[...questions, allLeftOut(choices)].join(',\n')});`,
    child,
  );
  const idle = patterns.filter((_, i) => answers[i] !== true);
  if (idle.length > 0) {
    const named = idle.map(({ flag, pattern }) => `${flag} ${pattern}`).join(', ');
    throw new HoldfastError('not-found', `nothing in the database matches ${named}`, {
      hint: idle.some(
        ({ what, pattern }) => what === 'table' && parseNamePattern(pattern).schema === undefined,
      )
        ? 'tables outside of public want their schema, as in shop.orders or *.orders; names are folded to lower case, but for those in double quotes: \'"Orders"\''
        : 'names are folded to lower case; in double quotes they are taken as they are: --table \'"Orders"\'',
    });
  }
  if (answers[patterns.length] === true) {
    throw new HoldfastError('not-found', 'no table of the database is left to back up', {
      hint: '--exclude-table and --exclude-schema leave out all that would be taken',
    });
  }
}

function anySchema(pattern: string): string {
  return `exists (select from pg_catalog.pg_namespace n where ${isSchema(pattern)})`;
}

function anyTable(pattern: string): string {
  return `exists (${relations("'r', 'S', 'v', 'm', 'f', 'p'")} and ${isTable(pattern)})`;
}

/**
 * Whether there would be tables or views, and all of them are left out. As pg_dump has it: where tables are named,
 * schemas do not count; what belongs to an extension is never taken.
 */
function allLeftOut({
  tables = [],
  schemas = [],
  excludeTables = [],
  excludeSchemas = [],
}: TableChoices): string {
  const ofNoSystem =
    "n.nspname operator(pg_catalog.!~) '^pg_' and n.nspname operator(pg_catalog.<>) 'information_schema'";
  const taken =
    tables.length > 0 ? anyOf(tables, isTable) : schemas.length > 0 ? anyOf(schemas, isSchema) : ofNoSystem;
  const out = [
    ...excludeTables.map(isTable),
    ...(tables.length > 0 ? [] : excludeSchemas.map(isSchema)),
    'false',
  ].join(' or ');
  const candidates = `${relations("'r', 'v', 'm', 'f', 'p'")} and (${taken}) and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass and d.objid = c.oid and d.deptype = 'e')`;
  return `exists (${candidates}) and not exists (${candidates} and not (${out}))`;
}

function anyOf(patterns: readonly string[], is: (pattern: string) => string): string {
  return patterns.map(is).join(' or ');
}

function relations(kinds: string): string {
  return `select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where c.relkind in (${kinds})`;
}

/** Of a schema `n`. */
function isSchema(pattern: string): string {
  return `n.nspname operator(pg_catalog.~) ${sqlText(parseNamePattern(pattern).name)}`;
}

/** Of a relation `c` of a schema `n`. */
function isTable(pattern: string): string {
  const { schema, name } = parseNamePattern(pattern);
  const where =
    schema === undefined
      ? 'pg_catalog.pg_table_is_visible(c.oid)'
      : `n.nspname operator(pg_catalog.~) ${sqlText(schema)}`;
  return `(c.relname operator(pg_catalog.~) ${sqlText(name)} and ${where})`;
}
