/** A database as one SQL script that its own client takes, with the roles it needs: how scripts around dump programs keep it. */
import type { TableChoices } from './driver.ts';
import type { ConnectionOptions } from './driver.ts';

export type ScriptKind = 'postgres' | 'mysql' | 'mariadb';

/** Where a database is, and who enters. */
export interface ScriptDatabase {
  readonly kind: ScriptKind;
  readonly host: string;
  readonly port: number | undefined;
  readonly database: string;
  readonly user: string | undefined;
  readonly password: string | undefined;
}

export interface ScriptOptions extends Omit<ConnectionOptions, 'password'> {
  readonly signal: AbortSignal;
  /** milliseconds without a byte after which the server is taken for stuck */
  readonly stallTimeout?: number | undefined;
  /** told what of the database itself a dump lacks because the user may not see it; a warning when absent */
  readonly leftOut?: (message: string) => void;
}

export type ScriptChoices = Pick<TableChoices, 'excludeTables' | 'excludeTableData'>;

/** A script that is kept somewhere; opened more than once. */
export type OpenScript = () => AsyncIterable<Uint8Array>;

export interface ScriptRestoreOptions extends ScriptOptions {
  /** who may drop, make and grant; undefined for the user of the database */
  readonly administrator: { readonly user: string; readonly password: string | undefined } | undefined;
  /** go on after statements that fail, each of which is a warning */
  readonly ignoreErrors: boolean;
  /** told what is being done */
  readonly tell: (step: string) => void;
}

export interface ScriptRestoreResult {
  /** in the restored database */
  readonly tables: number;
  readonly size: string;
}

export interface ScriptVerifyOptions extends Omit<ScriptOptions, 'stallTimeout'> {
  /** in which tables are looked for, where databases have schemas; undefined for all */
  readonly schema: string | undefined;
  /** milliseconds that the server has to start */
  readonly serverTimeout: number;
  /** an existing folder in which the server's own one is made */
  readonly temporaryFolder: string;
  readonly ignoreErrors: boolean;
}

export interface ScriptVerification extends ScriptRestoreResult {
  /** `PostgreSQL 15.14` */
  readonly server: string;
  /** what this machine lacks and was made up, in sentences */
  readonly madeUp: readonly string[];
}

export interface ScriptDriver {
  /** Code `failed` with the programs' own words; it throws after the last byte unless the dump is whole. */
  dump(database: ScriptDatabase, choices: ScriptChoices, options: ScriptOptions): AsyncIterable<Uint8Array>;
  /** What the server says of its size, for people. Code `failed`. */
  size(database: ScriptDatabase, options: ScriptOptions): Promise<string>;
  /**
   * Puts the script in the place of the database. All of it is read once before anything is dropped. Codes `truncated`,
   * `corrupt`, `failed`.
   */
  restore(
    database: ScriptDatabase,
    open: OpenScript,
    options: ScriptRestoreOptions,
  ): Promise<ScriptRestoreResult>;
  /**
   * Restores the script into a server that is started for it and gone afterwards. Codes as of `restore`, `missing-here`
   * when this machine lacks what it takes.
   */
  verify(
    database: ScriptDatabase,
    open: OpenScript,
    options: ScriptVerifyOptions,
  ): Promise<ScriptVerification>;
}

/** Loaded when it is meant. */
export async function scriptDriver(kind: ScriptKind): Promise<ScriptDriver> {
  if (kind === 'postgres') return (await import('../postgres/script-driver.ts')).postgresScripts;
  return (await import('../mysql/script-driver.ts')).mysqlScripts;
}
