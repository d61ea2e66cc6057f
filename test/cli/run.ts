/** Runs our program as a user does, in a home of its own and with nothing configured. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { nodeFlags } from '../support/node-flags.ts';
import type { RunOptions, RunResult } from '../support/program.ts';
import { runProgram } from '../support/program.ts';
import { holdfastBin } from '../support/restic.ts';
import type { Cleanup } from '../support/temp.ts';
import { tempFolder } from '../support/temp.ts';

export interface User {
  /** the folder that is the user's home and working directory */
  readonly home: string;
  readonly env: Readonly<Record<string, string | undefined>>;
  run(args: readonly string[], options?: RunOptions): Promise<RunResult>;
}

/** A user who has just logged in for the first time. */
export function newUser(t: Cleanup): User {
  const home = join(tempFolder(t), 'home');
  mkdirSync(home);
  const cleared = Object.keys(process.env)
    .filter((name) => /^(HOLDFAST_|RESTIC_|XDG_)/.test(name))
    .map((name) => [name, undefined] as const);
  const env = { ...Object.fromEntries(cleared), HOME: home, TZ: 'UTC', TERM: 'dumb' };
  return {
    home,
    env,
    run: (args, options = {}) =>
      runProgram(process.execPath, [...nodeFlags, holdfastBin, ...args], {
        cwd: home,
        timeout: 60_000,
        ...options,
        env: { ...env, ...options.env },
      }),
  };
}
