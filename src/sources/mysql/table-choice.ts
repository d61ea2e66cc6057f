/** Which tables of a database are taken: names with `*` and `?`, and an error for each that matches nothing. */
import { HoldfastError } from '../../kernel/errors.ts';
import type { DatabaseChoices, TableChoices } from '../database/driver.ts';
import type { TableFacts } from './database-facts.ts';
import { toNameExpression } from './name-pattern.ts';

export interface ChosenTables {
  /** what was chosen, to be told in the snapshot; undefined when all is taken */
  readonly choices: TableChoices | undefined;
  /** true when tables were named: then nothing else of the database is taken */
  readonly only: boolean;
  readonly left: readonly string[];
  readonly withoutRows: ReadonlySet<string>;
}

const flags = [
  ['tables', '--table'],
  ['excludeTables', '--exclude-table'],
  ['excludeTableData', '--exclude-table-data'],
] as const;

/** Whether nothing but certain tables is wanted. */
export function namesTables({ tables = [] }: DatabaseChoices): boolean {
  return tables.length > 0;
}

/** Code `not-found` when a pattern matches nothing (it is misspelt, or what it meant is gone), or all is left out. */
export function chooseTables(tables: readonly TableFacts[], choices: DatabaseChoices): ChosenTables {
  const idle: string[] = [];
  const matched = new Map(
    flags.map(([choice, flag]) => {
      const names = new Set<string>();
      for (const pattern of choices[choice] ?? []) {
        const expression = toNameExpression(pattern);
        const matching = tables.filter(({ name }) => expression.test(name));
        if (matching.length === 0) idle.push(`${flag} ${pattern}`);
        for (const { name } of matching) names.add(name);
      }
      return [choice, names] as const;
    }),
  );
  if (idle.length > 0) {
    throw new HoldfastError('not-found', `nothing in the database matches ${idle.join(', ')}`, {
      hint: 'a pattern is a whole name; * stands for any letters, ? for one, and case counts',
    });
  }
  const only = namesTables(choices);
  const isLeft = ({ name }: TableFacts): boolean =>
    (only && !matched.get('tables')!.has(name)) || matched.get('excludeTables')!.has(name);
  const left = tables.filter(isLeft).map(({ name }) => name);
  if (left.length > 0 && left.length === tables.length) {
    throw new HoldfastError('not-found', 'no table of the database is left to back up', {
      hint: '--exclude-table leaves out all that would be taken',
    });
  }
  const chosen = flags
    .filter(([choice]) => choices[choice]?.length)
    .map(([choice]) => [choice, choices[choice]]);
  return {
    choices: chosen.length === 0 ? undefined : (Object.fromEntries(chosen) as TableChoices),
    only,
    left,
    withoutRows: matched.get('excludeTableData')!,
  };
}
