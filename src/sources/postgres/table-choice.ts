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

/** Code `not-found` when a pattern matches nothing: it is misspelt, or what it meant is gone. */
export async function refuseIdlePatterns(
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
    `select json_build_array(${questions.join(',\n')});`,
    child,
  );
  const idle = patterns.filter((_, i) => answers[i] !== true);
  if (idle.length === 0) return;
  const named = idle.map(({ flag, pattern }) => `${flag} ${pattern}`).join(', ');
  throw new HoldfastError('not-found', `nothing in the database matches ${named}`, {
    hint: 'names are folded to lower case; in double quotes they are taken as they are: --table \'"Orders"\'',
  });
}

function anySchema(pattern: string): string {
  const { name } = parseNamePattern(pattern);
  return `exists (select from pg_catalog.pg_namespace where nspname operator(pg_catalog.~) ${sqlText(name)})`;
}

function anyTable(pattern: string): string {
  const { schema, name } = parseNamePattern(pattern);
  const where =
    schema === undefined
      ? 'pg_catalog.pg_table_is_visible(c.oid)'
      : `n.nspname operator(pg_catalog.~) ${sqlText(schema)}`;
  return `exists (select from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'S', 'v', 'm', 'f', 'p') and c.relname operator(pg_catalog.~) ${sqlText(name)} and ${where})`;
}
