/** The flags of `backup` for databases, and what they ask of a source. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import type { DatabaseChoices, DatabaseDriver } from '../sources/database/driver.ts';
import type { OneFileFormat } from '../sources/database/evidence.ts';
import { collect, parseCount } from './values.ts';

export interface DatabaseFlags {
  mask?: string;
  database?: string[];
  excludeDatabase?: string[];
  stallTimeout?: string;
  globals?: boolean;
  format?: OneFileFormat;
  jobs?: string;
  table?: string[];
  excludeTable?: string[];
  schema?: string[];
  excludeSchema?: string[];
  excludeTableData?: string[];
}

export function addDatabaseFlags(command: Command): Command {
  return command
    .addOption(many('--database <pattern>', 'of a server, take these databases alone'))
    .addOption(many('--exclude-database <pattern>', 'leave these databases out'))
    .option('--mask <file>', 'rules by which personal data in a database becomes something else')
    .addOption(many('--table <pattern>', 'of a database, take these tables alone'))
    .addOption(many('--exclude-table <pattern>', 'leave these tables out'))
    .addOption(many('--exclude-table-data <pattern>', 'take these tables without their rows'))
    .addOption(many('--schema <pattern>', 'take these schemas alone'))
    .addOption(many('--exclude-schema <pattern>', 'leave these schemas out'))
    .addOption(
      new Option('--format <format>', 'keep a database as one file, for psql or for pg_restore').choices([
        'sql',
        'custom',
      ]),
    )
    .option('--jobs <n>', 'read large tables of a database at once, over so many connections')
    .option('--no-globals', 'leave out roles and tablespaces of the server of a database')
    .option('--stall-timeout <seconds>', 'give up when a database sends nothing for so long (default: 600)');
}

function many(flag: string, description: string): Option {
  return new Option(flag, description).argParser(collect);
}

/** The flags that choose, as they are written, and what they choose of a database. */
const choosing = {
  database: ['--database', undefined],
  excludeDatabase: ['--exclude-database', undefined],
  table: ['--table', 'tables'],
  excludeTable: ['--exclude-table', 'excludeTables'],
  excludeTableData: ['--exclude-table-data', 'excludeTableData'],
  schema: ['--schema', 'schemas'],
  excludeSchema: ['--exclude-schema', 'excludeSchemas'],
  format: ['--format', 'format'],
  jobs: ['--jobs', 'jobs'],
  globals: ['--no-globals', 'globals'],
} as const;

/** What to do where a kind of database does not know a flag. */
const hints: Partial<Record<keyof typeof choosing, string>> = {
  jobs: 'of PostgreSQL alone several programs read one state; there, one connection reads all of it',
  format: '`holdfast dump SNAPSHOT` writes it as one file of SQL',
  schema: '--table takes patterns of tables',
  excludeSchema: '--exclude-table takes patterns of tables',
};

type ChoosingFlag = keyof typeof choosing;

/** Those that are given; `--no-globals` is one that is false. */
function given(flags: DatabaseFlags): ChoosingFlag[] {
  const names = Object.keys(choosing) as ChoosingFlag[];
  return names.filter((name) => (name === 'globals' ? flags.globals === false : flags[name] !== undefined));
}

/** Code `usage` when flags are given that mean nothing for paths and streams. */
export function refuseDatabaseFlags(flags: DatabaseFlags): void {
  const [name] = given(flags);
  if (name === undefined) return;
  throw new HoldfastError('usage', `${choosing[name][0]} is for databases`, {
    hint: 'a database is named by its URL, like postgres://host/database',
  });
}

/** Code `usage` for what this kind of database does not know. */
export function databaseChoices(driver: DatabaseDriver, flags: DatabaseFlags): DatabaseChoices {
  const chosen = given(flags).flatMap((name) => {
    const [flag, choice] = choosing[name];
    if (choice === undefined) return [];
    if (driver.choices.includes(choice))
      return [[choice, name === 'jobs' ? parseCount(flags.jobs!, flag, 1) : flags[name]]];
    const hint = hints[name];
    throw new HoldfastError('usage', `databases of ${driver.kinds.join(' and ')} do not know ${flag}`, {
      ...(hint !== undefined && { hint }),
    });
  });
  return Object.fromEntries(chosen) as DatabaseChoices;
}

const defaultStallSeconds = 600;

/** Milliseconds; undefined for no limit. */
export function stallTimeout(flags: DatabaseFlags): number | undefined {
  const seconds =
    flags.stallTimeout === undefined
      ? defaultStallSeconds
      : parseCount(flags.stallTimeout, '--stall-timeout');
  return seconds === 0 ? undefined : seconds * 1000;
}
