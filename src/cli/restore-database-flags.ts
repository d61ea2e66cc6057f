/** The flags of `restore` for databases, and what they ask of a target. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import type { DatabaseDriver } from '../sources/database/driver.ts';
import type { RestoreChoices } from '../sources/database/restore-plan.ts';
import { collect, parseCount } from './values.ts';

export interface RestoreDatabaseFlags {
  to?: string;
  singleTransaction?: boolean;
  create?: boolean;
  clean?: boolean;
  yes?: boolean;
  jobs?: string;
  owner?: string | false;
  privileges?: boolean;
  withRoles?: boolean;
  table?: string[];
  schema?: string[];
}

export function addRestoreDatabaseFlags(command: Command): Command {
  return command
    .option('--to <url>', 'the empty database to restore a database into')
    .option('--create', 'make the database when it is not there')
    .option('--clean', 'remove first what is in the database; with --create, the database itself')
    .option('--yes', 'do so without asking')
    .option('--single-transaction', 'all of the database or nothing')
    .option('--jobs <n>', 'load the rows of so many tables at once')
    .addOption(new Option('--owner <role>', 'who shall own everything').argParser(oneOwner))
    .addOption(
      new Option('--no-owner', 'whoever restores owns everything').argParser((_: unknown, previous) =>
        oneOwner(false, previous),
      ),
    )
    .option('--no-privileges', 'leave out who may do what')
    .option('--with-roles', 'make the roles that the server lacks')
    .addOption(many('--table <schema.table[=other]>', 'one table alone, under another name if wanted'))
    .addOption(many('--schema <schema[=other]>', 'one schema alone, under another name if wanted'));
}

function many(flag: string, description: string): Option {
  return new Option(flag, description).argParser(collect);
}

/** Both flags write to one place, where the last would win. Code `usage`. */
function oneOwner(owner: string | false, previous: unknown): string | false {
  if (previous === undefined || typeof previous === typeof owner) return owner;
  throw new HoldfastError('usage', '--owner and --no-owner contradict each other');
}

const flagOf: Readonly<Record<keyof RestoreChoices, string>> = {
  create: '--create',
  clean: '--clean',
  jobs: '--jobs',
  owner: '--owner',
  privileges: '--no-privileges',
  withRoles: '--with-roles',
  tables: '--table',
  schemas: '--schema',
};

/** Code `usage` for what this kind of database does not know, or what contradicts itself. */
export function restoreChoices(driver: DatabaseDriver, flags: RestoreDatabaseFlags): RestoreChoices {
  const choices = chosen(flags);
  for (const name of Object.keys(choices) as (keyof RestoreChoices)[]) {
    if (driver.restoreChoices?.includes(name)) continue;
    throw new HoldfastError(
      'usage',
      `databases of ${driver.kinds.join(' and ')} do not know ${flagOf[name]}`,
    );
  }
  if (flags.singleTransaction && (choices.jobs ?? 1) > 1) {
    throw new HoldfastError('usage', '--single-transaction and --jobs contradict each other', {
      hint: 'one transaction has one connection',
    });
  }
  return choices;
}

/** Code `usage` when flags for databases are used on files. */
export function refuseDatabaseFlags(flags: RestoreDatabaseFlags): void {
  const [name] = Object.keys(chosen(flags)) as (keyof RestoreChoices)[];
  const flag =
    name === undefined ? (flags.singleTransaction ? '--single-transaction' : undefined) : flagOf[name];
  if (flag !== undefined) throw new HoldfastError('usage', `${flag} wants a database, named with --to`);
}

function chosen(flags: RestoreDatabaseFlags): RestoreChoices {
  return {
    ...(flags.create && { create: true }),
    ...(flags.clean && { clean: true }),
    ...(flags.jobs !== undefined && { jobs: Math.max(1, parseCount(flags.jobs, '--jobs')) }),
    ...(flags.owner !== undefined && { owner: flags.owner }),
    ...(flags.privileges === false && { privileges: false }),
    ...(flags.withRoles && { withRoles: true }),
    ...(flags.table && { tables: flags.table }),
    ...(flags.schema && { schemas: flags.schema }),
  };
}
