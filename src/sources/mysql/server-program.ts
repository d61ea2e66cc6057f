/** Finds the servers themselves, for drills: of the family of a snapshot, and not older than what it was made of. */
import { existsSync, realpathSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { notHere } from '../database/not-here.ts';
import type { Family } from './connection.ts';
import type { ProgramSearch } from './programs.ts';

export interface ServerProgram {
  readonly path: string;
  /** `10.11.19`, `9.7.4` */
  readonly version: string;
  /** where its messages and character sets lie; undefined for where it was built to look */
  readonly base: string | undefined;
}

const names: Readonly<Record<Family, readonly string[]>> = {
  mariadb: ['mariadbd', 'mysqld'],
  mysql: ['mysqld'],
};
/** Servers are rarely on the path of those who are not root. */
const rooms = ['/usr/sbin', '/usr/local/sbin', '/usr/libexec', '/usr/local/mysql/bin', '/usr/local/bin'];

/** Of the same release, or the nearest above. Code `missing-here` names the package. */
export async function findServer(
  family: Family,
  version: string,
  search: ProgramSearch,
): Promise<ServerProgram> {
  const path = (search.environment['PATH'] ?? '').split(delimiter).filter((part) => part !== '');
  const first = search.folder === undefined ? [] : [search.folder];
  const found: ServerProgram[] = [];
  for (const folder of new Set([...first, ...path, ...rooms])) {
    for (const name of names[family]) {
      const program = await ask(join(folder, name), family, search);
      if (program) found.push(program);
    }
  }
  const wanted = releaseNumber(version);
  const fitting = found
    .filter((program) => releaseNumber(program.version) >= wanted)
    .toSorted((a, b) => releaseNumber(a.version) - releaseNumber(b.version));
  if (fitting[0]) return fitting[0];
  const product = family === 'mysql' ? 'MySQL' : 'MariaDB';
  const release = version.split('.').slice(0, 2).join('.');
  const here = found.map((program) => program.version).join(', ');
  throw notHere(
    found.length === 0
      ? `${product} is not installed here`
      : `the snapshot is of ${product} ${release}, and here is ${here} alone`,
    {
      hint: `install the package ${family}-server in version ${release} or later, or name the folder of ${names[family][0]} with HOLDFAST_MYSQL_BIN`,
    },
  );
}

async function ask(path: string, family: Family, search: ProgramSearch): Promise<ServerProgram | undefined> {
  if (!existsSync(path)) return undefined;
  try {
    const env = { PATH: search.environment['PATH'] };
    const said = await runProcess(path, ['--no-defaults', '--version'], '', { env, signal: search.signal });
    const version = /Ver (\d+\.\d+\.\d+)/.exec(said)?.[1];
    const isMariadb = said.includes('MariaDB');
    if (version === undefined || isMariadb !== (family === 'mariadb')) return undefined;
    return { path, version, base: baseOf(path) };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'interrupted') throw error;
    return undefined;
  }
}

/** A package may have been unpacked elsewhere than it was built for. */
function baseOf(path: string): string | undefined {
  const folder = dirname(realpathSync(path));
  return [join(folder, '..'), join(folder, '..', 'usr')].find((base) =>
    existsSync(join(base, 'share', 'mysql')),
  );
}

function releaseNumber(version: string): number {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
}
