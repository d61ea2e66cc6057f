/** The flags of `backup` for databases, and what they ask of a source. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import type { DatabaseChoices, DatabaseDriver } from '../sources/database/driver.ts';
import { collect, parseCount } from './values.ts';

export interface DatabaseFlags {
  mask?: string;
  stallTimeout?: string;
  globals?: boolean;
  table?: string[];
  excludeTable?: string[];
  schema?: string[];
  excludeSchema?: string[];
  excludeTableData?: string[];
}

export function addDatabaseFlags(command: Command): Command {
  return command
    .option('--mask <file>', 'rules by which personal data in a database becomes something else')
    .addOption(many('--table <pattern>', 'of a database, take these tables alone'))
    .addOption(many('--exclude-table <pattern>', 'leave these tables out'))
    .addOption(many('--exclude-table-data <pattern>', 'take these tables without their rows'))
    .addOption(many('--schema <pattern>', 'take these schemas alone'))
    .addOption(many('--exclude-schema <pattern>', 'leave these schemas out'))
    .option('--no-globals', 'leave out roles and tablespaces of the server of a database')
    .option('--stall-timeout <seconds>', 'give up when a database sends nothing for so long (default: 600)');
}

function many(flag: string, description: string): Option {
  return new Option(flag, description).argParser(collect);
}

/** Code `usage` for what this kind of database does not know. */
export function databaseChoices(driver: DatabaseDriver, flags: DatabaseFlags): DatabaseChoices {
  const choices: DatabaseChoices = {
    ...(flags.globals === false && { globals: false }),
    ...(flags.table && { tables: flags.table }),
    ...(flags.excludeTable && { excludeTables: flags.excludeTable }),
    ...(flags.excludeTableData && { excludeTableData: flags.excludeTableData }),
    ...(flags.schema && { schemas: flags.schema }),
    ...(flags.excludeSchema && { excludeSchemas: flags.excludeSchema }),
  };
  for (const name of Object.keys(choices) as (keyof DatabaseChoices)[]) {
    if (driver.choices.includes(name)) continue;
    throw new HoldfastError(
      'usage',
      `databases of ${driver.kinds.join(' and ')} do not know ${flagOf[name]}`,
    );
  }
  return choices;
}

const flagOf: Readonly<Record<keyof DatabaseChoices, string>> = {
  globals: '--no-globals',
  tables: '--table',
  excludeTables: '--exclude-table',
  excludeTableData: '--exclude-table-data',
  schemas: '--schema',
  excludeSchemas: '--exclude-schema',
};

const defaultStallSeconds = 600;

/** Milliseconds; undefined for no limit. */
export function stallTimeout(flags: DatabaseFlags): number | undefined {
  const seconds =
    flags.stallTimeout === undefined
      ? defaultStallSeconds
      : parseCount(flags.stallTimeout, '--stall-timeout');
  return seconds === 0 ? undefined : seconds * 1000;
}
