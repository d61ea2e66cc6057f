/** The databases that are meant, with who enters each of them, and those that somebody else must back up. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import {
  type BackupConf,
  credentialNames,
  type DatabaseSpec,
  parseBackupConf,
  parseDatabaseSpec,
} from '../../config/backup-conf.ts';
import { HoldfastError } from '../../kernel/errors.ts';
import { fromNodeError } from '../../kernel/native/system-error.ts';
import type { DatabaseBackup } from '../../operations/backup-container/backup-database.ts';
import type { ScriptKind } from '../../sources/database/script.ts';
import { coreName } from '../../vaults/archive/layout/layout.ts';
import type { Environment } from '../environment.ts';
import { type ContainerSettings, databaseOfEnvironment } from './settings.ts';

export interface ContainerConf extends BackupConf {
  /** the file, or that there is none */
  readonly from: 'file' | 'environment';
}

/** Without a line for a database in the file, the environment names one. */
export function readConf({ confFile }: ContainerSettings, environment: Environment): ContainerConf {
  const conf = parseBackupConf(readFile(confFile), confFile);
  const isEmpty = conf.databases.length === 0 && conf.problems.every(({ ofSchedule }) => ofSchedule);
  if (!isEmpty) return { ...conf, from: 'file' };
  const named = parseDatabaseSpec(databaseOfEnvironment(environment));
  return { ...conf, databases: [{ ...named, line: 0 }], from: 'environment' };
}

/** One of the lines, as it can be run. */
export interface ListedDatabase extends DatabaseBackup {
  readonly text: string;
  readonly verifySchema: string;
}

export interface RefusedDatabase {
  readonly text: string;
  /** one sentence */
  readonly message: string;
}

export interface ListedDatabases {
  readonly databases: readonly ListedDatabase[];
  readonly refused: readonly RefusedDatabase[];
}

const products = { mongo: 'MongoDB', mssql: 'SQL Server' } as const;
const usualPorts: Readonly<Record<number, ScriptKind | keyof typeof products>> = {
  5432: 'postgres',
  3306: 'mariadb',
  27017: 'mongo',
  1433: 'mssql',
};

/** In the order of the file. Lines of other kinds are somebody else's when CONTAINER_TYPE says of which kind this is. */
export function listDatabases(
  conf: BackupConf,
  settings: ContainerSettings,
  environment: Environment,
): ListedDatabases {
  const databases: ListedDatabase[] = [];
  const refused: RefusedDatabase[] = [];
  for (const spec of conf.databases) {
    if (isOfAnotherContainer(spec, settings)) continue;
    const kind = kindOf(spec, conf, settings, environment);
    if (kind === 'mongo' || kind === 'mssql') {
      refused.push({ text: spec.text, message: `${products[kind]} is not backed up by holdfast` });
    } else {
      databases.push(listed(spec, kind, conf, settings, environment));
    }
  }
  return { databases, refused };
}

/** What follows -r or -v. Code `usage`, `unsupported`. */
export function namedDatabase(
  text: string,
  conf: BackupConf,
  settings: ContainerSettings,
  environment: Environment,
): ListedDatabase {
  const spec = parseDatabaseSpec(text);
  const kind = kindOf(spec, conf, settings, environment);
  if (kind !== 'mongo' && kind !== 'mssql') return listed(spec, kind, conf, settings, environment);
  throw new HoldfastError('unsupported', `${products[kind]} is not backed up by holdfast`);
}

export function isOfAnotherContainer({ type }: DatabaseSpec, { containerType }: ContainerSettings): boolean {
  if (type === undefined || containerType === undefined) return false;
  // the image for MariaDB is for MySQL as well
  const family = (kind: string): string => (kind === 'mysql' ? 'mariadb' : kind);
  return family(type) !== family(containerType);
}

function listed(
  spec: DatabaseSpec,
  kind: ScriptKind,
  conf: BackupConf,
  settings: ContainerSettings,
  environment: Environment,
): ListedDatabase {
  const { host, port, database } = spec;
  const names = credentialNames(host);
  const core = coreName(spec);
  return {
    text: spec.text,
    verifySchema: spec.verifySchema ?? settings.tableSchema,
    core,
    shares: Math.max(1, conf.databases.filter((other) => coreName(other) === core).length),
    database: {
      ...{ kind, host, port, database },
      user: environment[names.user] || environment['DATABASE_USER'] || undefined,
      password: environment[names.password] || environment['DATABASE_PASSWORD'] || undefined,
    },
    choices: { excludeTables: spec.excludeTables, excludeTableData: spec.excludeTableData },
  };
}

/** What is said; else of the same database in the file; else by the port; else what this machine has the programs of. */
function kindOf(
  spec: DatabaseSpec,
  conf: BackupConf,
  { containerType }: ContainerSettings,
  environment: Environment,
): ScriptKind | keyof typeof products {
  if (spec.type !== undefined) return spec.type;
  const same = conf.databases.find(
    ({ host, database, type }) => type && host === spec.host && database === spec.database,
  );
  if (same?.type) return same.type;
  const known = ['postgres', 'mysql', 'mariadb', 'mongo', 'mssql'] as const;
  const own = known.find((kind) => kind === containerType);
  const usual = spec.port === undefined ? undefined : usualPorts[spec.port];
  return own ?? usual ?? (hasProgram('mariadb', 'mysql') && !hasProgram('psql') ? 'mariadb' : 'postgres');

  function hasProgram(...programs: readonly string[]): boolean {
    const folders = (environment['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
    return folders.some((folder) => programs.some((program) => existsSync(join(folder, program))));
  }
}

function readFile(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw fromNodeError('read', Buffer.from(path), error);
  }
}
