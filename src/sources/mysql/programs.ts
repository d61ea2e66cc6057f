/** Finds the programs of MySQL and MariaDB: a server wants those of its own family that are not older than itself. */
import { delimiter, join } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { executableAt } from '../database/executable.ts';
import type { Environment } from '../database/driver.ts';
import type { Family } from './connection.ts';

export type Task = 'dump' | 'client';

export interface FoundProgram {
  readonly path: string;
  readonly family: Family;
  /** `10.11.19`, `9.7.4` */
  readonly version: string;
}

export interface ProgramSearch {
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** a folder to look in before all others */
  readonly folder?: string | undefined;
}

/** MariaDB's have gone by MySQL's names, and still do in places. */
const names: Readonly<Record<Task, readonly string[]>> = {
  dump: ['mariadb-dump', 'mysqldump'],
  client: ['mariadb', 'mysql'],
};

/** Where they lie when nobody put them on the PATH. */
const rooms = [
  '/usr/local/mysql/bin',
  '/opt/homebrew/opt/mysql-client/bin',
  '/opt/homebrew/opt/mariadb/bin',
  '/usr/local/opt/mysql-client/bin',
  '/usr/local/opt/mariadb/bin',
];

/** What is found with one search does not change while it lasts. */
const known = new WeakMap<ProgramSearch, Map<Task, Promise<FoundProgram[]>>>();

/** All there are, in the order in which they would be taken. */
export function findPrograms(task: Task, search: ProgramSearch): Promise<FoundProgram[]> {
  const byTask = known.get(search) ?? new Map<Task, Promise<FoundProgram[]>>();
  known.set(search, byTask);
  const finding = byTask.get(task) ?? askAll(task, search);
  byTask.set(task, finding);
  return finding;
}

async function askAll(task: Task, search: ProgramSearch): Promise<FoundProgram[]> {
  const path = (search.environment['PATH'] ?? '').split(delimiter).filter((part) => part !== '');
  const first = search.folder === undefined ? [] : [search.folder];
  /** by name and file: several folders lead to the same, and one file may answer to several names */
  const paths = new Map<string, string>();
  for (const folder of new Set([...first, ...path, ...rooms])) {
    for (const name of names[task]) {
      const program = join(folder, name);
      const file = executableAt(program);
      const key = `${name} ${file}`;
      if (file !== undefined && !paths.has(key)) paths.set(key, program);
    }
  }
  const found = await Promise.all([...paths.values()].map((each) => ask(each, search)));
  return found.filter((program) => program !== undefined);
}

/** The program for a server. Code `failed` names the package that has it. */
export async function findProgram(
  task: Task,
  search: ProgramSearch,
  server: { readonly family: Family; readonly version: string },
): Promise<FoundProgram> {
  const found = await findPrograms(task, search);
  const own = found.filter(({ family }) => family === server.family);
  const fitting = own.find(({ version }) => compareReleases(version, server.version) >= 0);
  // an older client takes what it is given; an older dump program does not know what there is to be dumped
  const best = fitting ?? (task === 'client' ? own[0] : undefined);
  if (best) return best;
  const name = `${task === 'dump' ? names.dump[server.family === 'mysql' ? 1 : 0] : server.family}`;
  const product = server.family === 'mysql' ? 'MySQL' : 'MariaDB';
  throw new HoldfastError(
    'failed',
    own.length === 0
      ? `the server is ${product} ${release(server.version)}, and ${product}'s ${name} is not installed`
      : `the server is ${product} ${release(server.version)}, and ${name} is here in version ${own.map(({ version }) => version).join(', ')} alone`,
    {
      hint: `install the package ${server.family}-client in version ${release(server.version)} or later, or name the folder of ${name} with HOLDFAST_MYSQL_BIN`,
    },
  );
}

/** Less than, equal to or greater than 0, by the first two numbers of each. */
function compareReleases(a: string, b: string): number {
  const [majorA = 0, minorA = 0] = a.split('.').map(Number);
  const [majorB = 0, minorB = 0] = b.split('.').map(Number);
  return majorA - majorB || minorA - minorB;
}

function release(version: string): string {
  return version.split('.').slice(0, 2).join('.');
}

/** What a program says of itself; undefined when it does not run. */
async function ask(path: string, { environment, signal }: ProgramSearch): Promise<FoundProgram | undefined> {
  try {
    const env = { PATH: environment['PATH'], HOME: environment['HOME'] };
    const said = await runProcess(path, ['--no-defaults', '--version'], '', { env, signal });
    // "Ver 10.19 Distrib 10.11.19-MariaDB", "from 11.4.2-MariaDB, client 10.19", "Ver 9.7.4 for Linux"
    const version =
      /(?:Distrib |from )(\d+\.\d+\.\d+)/.exec(said)?.[1] ?? /Ver (\d+\.\d+\.\d+)/.exec(said)?.[1];
    if (version === undefined) return undefined;
    return { path, family: said.includes('MariaDB') ? 'mariadb' : 'mysql', version };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'interrupted') throw error;
    return undefined;
  }
}
