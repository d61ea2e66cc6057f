/** Runs the stock restic and our own command line on a repository in the same way, so that a test can swap them. */
import { fileURLToPath } from 'node:url';
import { nodeFlags } from './node-flags.ts';
import { type RunOptions, type RunResult, runProgram } from './program.ts';
import { toolPath } from './tools.ts';

export interface RepositoryAccess {
  /** as after `-r` */
  readonly repository: string;
  readonly password: string;
  /** further variables, such as the S3 credentials */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** folder for the caches; without it both programs run with `--no-cache` */
  readonly cache?: string;
}

export interface BackupProgram {
  readonly name: 'restic' | 'holdfast';
  /** Runs one verb; throws when the exit status is not an expected one. */
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** Runs one verb with `--json` and answers the one JSON value on standard output. */
  json(args: readonly string[], options?: RunOptions): Promise<unknown>;
}

/** Path of our own program. */
export const holdfastBin = fileURLToPath(new URL('../../bin/holdfast.js', import.meta.url));

/** The stock restic on a repository. */
export function restic(access: RepositoryAccess): BackupProgram {
  return program('restic', toolPath('restic'), [], access);
}

/** Holdfast's command line on a repository, through restic's own variables. */
export function holdfast(access: RepositoryAccess): BackupProgram {
  return program('holdfast', process.execPath, [...nodeFlags, holdfastBin], access);
}

function program(
  name: BackupProgram['name'],
  command: string,
  first: readonly string[],
  access: RepositoryAccess,
): BackupProgram {
  const env: Record<string, string | undefined> = {
    HOLDFAST_REPOSITORY: undefined,
    HOLDFAST_PASSWORD: undefined,
    HOLDFAST_PASSWORD_FILE: undefined,
    HOLDFAST_PASSWORD_COMMAND: undefined,
    RESTIC_REPOSITORY: access.repository,
    RESTIC_PASSWORD: access.password,
    RESTIC_CACHE_DIR: access.cache,
    HOLDFAST_CACHE_DIR: access.cache,
    ...access.env,
  };
  const run: BackupProgram['run'] = (args, options = {}) => {
    const all = [...first, ...args, ...(access.cache === undefined ? ['--no-cache'] : [])];
    return runProgram(command, all, { ...options, env: { ...env, ...options.env } });
  };
  return {
    name,
    run,
    async json(args, options) {
      const { stdout } = await run([...args, '--json'], options);
      return JSON.parse(stdout) as unknown;
    },
  };
}
