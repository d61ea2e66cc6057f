/** The flags of `backup` for databases, and what they ask of a source. */
import type { Command } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import type { DatabaseChoices, DatabaseDriver } from '../sources/database/driver.ts';
import { parseCount } from './values.ts';

export interface DatabaseFlags {
  stallTimeout?: string;
  globals?: boolean;
}

export function addDatabaseFlags(command: Command): Command {
  return command
    .option('--no-globals', 'leave out roles and tablespaces of the server of a database')
    .option('--stall-timeout <seconds>', 'give up when a database sends nothing for so long (default: 600)');
}

/** Code `usage` for what this kind of database does not know. */
export function databaseChoices(driver: DatabaseDriver, flags: DatabaseFlags): DatabaseChoices {
  const choices: DatabaseChoices = { ...(flags.globals === false && { globals: false }) };
  for (const name of Object.keys(choices) as (keyof DatabaseChoices)[]) {
    if (driver.choices.includes(name)) continue;
    throw new HoldfastError(
      'usage',
      `databases of ${driver.kinds.join(' and ')} do not know ${flagOf[name]}`,
    );
  }
  return choices;
}

const flagOf: Readonly<Record<keyof DatabaseChoices, string>> = { globals: '--no-globals' };

const defaultStallSeconds = 600;

/** Milliseconds; undefined for no limit. */
export function stallTimeout(flags: DatabaseFlags): number | undefined {
  const seconds =
    flags.stallTimeout === undefined
      ? defaultStallSeconds
      : parseCount(flags.stallTimeout, '--stall-timeout');
  return seconds === 0 ? undefined : seconds * 1000;
}
