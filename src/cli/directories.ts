/** Where this program keeps its own files, also for a user id without a passwd entry. */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import type { Environment } from './environment.ts';
import { setting } from './environment.ts';

/** Absolute path of $XDG_DATA_HOME/holdfast; code `usage` when there is no home at all. */
export function dataDirectory(environment: Environment): string {
  return xdgDirectory(environment, 'XDG_DATA_HOME', '.local/share');
}

/** Absolute path of $XDG_CONFIG_HOME/holdfast; code `usage` when there is no home at all. */
export function configDirectory(environment: Environment): string {
  return xdgDirectory(environment, 'XDG_CONFIG_HOME', '.config');
}

/** Absolute path of HOLDFAST_STATE_DIR, or $XDG_STATE_HOME/holdfast; code `usage` when there is no home at all. */
export function stateDirectory(environment: Environment): string {
  const named = environment['HOLDFAST_STATE_DIR'];
  return named ? resolve(named) : xdgDirectory(environment, 'XDG_STATE_HOME', '.local/state');
}

/** Absolute path of the cache: HOLDFAST_CACHE_DIR, RESTIC_CACHE_DIR, $XDG_CACHE_HOME/holdfast; undefined without a home. */
export function cacheDirectory(environment: Environment): string | undefined {
  const named = setting(environment, 'CACHE_DIR');
  if (named) return named;
  try {
    return xdgDirectory(environment, 'XDG_CACHE_HOME', '.cache');
  } catch {
    return undefined;
  }
}

function xdgDirectory(environment: Environment, variable: string, below: string): string {
  const base = environment[variable];
  if (base && isAbsolute(base)) return join(base, 'holdfast');
  return join(homeDirectory(environment, variable), below, 'holdfast');
}

function homeDirectory(environment: Environment, variable: string): string {
  const named = environment['HOME'];
  if (named && isAbsolute(named)) return named;
  try {
    return homedir();
  } catch (cause) {
    throw new HoldfastError('usage', 'this user has no home directory', {
      hint: `set HOME or ${variable} to a writable folder, or name a repository with -r`,
      cause,
    });
  }
}
