/** Finds PostgreSQL's own programs: several versions may be installed, and a server needs one that is not older. */
import { readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import { runProcess } from '../../kernel/process.ts';
import { executableAt } from '../database/executable.ts';

export type PostgresProgram = 'pg_dump' | 'pg_dumpall' | 'pg_restore' | 'psql' | 'postgres';

export interface FoundProgram {
  readonly path: string;
  /** 15, 18 */
  readonly major: number;
  /** as the program tells it: `15.14 (Debian 15.14-0+deb12u1)` */
  readonly version: string;
}

export interface ProgramSearch {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** a folder to look in before all others */
  readonly folder?: string | undefined;
}

/** Where distributions put the programs of each version. */
const versionRooms: readonly (readonly [room: string, below: string])[] = [
  ['/usr/lib/postgresql', 'bin'],
  ['/usr/local/lib/postgresql', 'bin'],
  ['/opt/homebrew/opt', 'bin'],
  ['/Applications/Postgres.app/Contents/Versions', 'bin'],
  ['C:\\Program Files\\PostgreSQL', 'bin'],
];

/** What programs said of themselves: it does not change while one search lasts. */
const asked = new WeakMap<ProgramSearch, Map<string, Promise<FoundProgram | undefined>>>();
/** So many versions are asked before it is known which one is wanted. */
const askedAhead = 4;

/** Begins to ask programs that will be wanted as soon as the server's version is known. */
export function askAhead(programs: readonly PostgresProgram[], search: ProgramSearch): void {
  for (const folder of ownFolders(search).slice(0, askedAhead)) {
    for (const program of programs) {
      // whoever looks for it is told
      ask(join(folder, program), search).catch(() => {});
    }
  }
}

/** The program of the version nearest above the server's, or the newest without one. Code `failed` names the package. */
export async function findProgram(
  program: PostgresProgram,
  search: ProgramSearch,
  serverMajor?: number,
): Promise<FoundProgram> {
  const found: FoundProgram[] = [];
  for (const folder of folders(search)) {
    const candidate = await ask(join(folder, program), search);
    if (candidate) found.push(candidate);
    if (candidate && (serverMajor === undefined || candidate.major === serverMajor)) return candidate;
  }
  const fitting = found.filter(({ major }) => major >= (serverMajor ?? 0));
  const best = fitting.sort((a, b) => a.major - b.major)[0];
  if (best) return best;
  const name = program === 'postgres' ? 'postgresql' : 'postgresql-client';
  const wanted = serverMajor === undefined ? name : `${name}-${serverMajor}`;
  const versions = [...new Set(found.map(({ major }) => major))].join(', ');
  throw new HoldfastError(
    'failed',
    found.length === 0
      ? `${program} is not installed`
      : `the server is PostgreSQL ${serverMajor}, and ${program} is here in version ${versions} alone`,
    { hint: `install the package ${wanted}, or name the folder of ${program} with HOLDFAST_POSTGRES_BIN` },
  );
}

/** Where programs lie that are known to be of one version each. */
function ownFolders({ folder }: ProgramSearch): string[] {
  const rooms = versionRooms.flatMap(([room, below]) =>
    entriesOf(room)
      .filter((name) => /\d/.test(name))
      .sort((a, b) => Number.parseInt(b.replace(/\D+/, ''), 10) - Number.parseInt(a.replace(/\D+/, ''), 10))
      .map((name) => join(room, name, below)),
  );
  return folder === undefined ? rooms : [folder, ...rooms];
}

function folders(search: ProgramSearch): string[] {
  const path = (search.environment['PATH'] ?? '').split(delimiter).filter((part) => part !== '');
  return [...new Set([...ownFolders(search), ...path])];
}

function entriesOf(room: string): string[] {
  try {
    return readdirSync(room);
  } catch {
    return [];
  }
}

function ask(path: string, search: ProgramSearch): Promise<FoundProgram | undefined> {
  const answers = asked.get(search) ?? new Map<string, Promise<FoundProgram | undefined>>();
  asked.set(search, answers);
  const answer = answers.get(path) ?? askNow(path, search);
  answers.set(path, answer);
  return answer;
}

/** What a program says of itself; undefined when it is not there or does not run. */
async function askNow(
  path: string,
  { environment, signal }: ProgramSearch,
): Promise<FoundProgram | undefined> {
  if (executableAt(path) === undefined) return undefined;
  try {
    const env = { PATH: environment['PATH'], HOME: environment['HOME'] };
    const said = await runProcess(path, ['--version'], '', { env, signal });
    const version = /\(PostgreSQL\) (\d+\S*.*)/.exec(said)?.[1]?.trim();
    return version === undefined ? undefined : { path, major: Number.parseInt(version, 10), version };
  } catch (error) {
    if (error instanceof HoldfastError && error.code === 'interrupted') throw error;
    return undefined;
  }
}
