/** Where configuration lies: the place that is named, else the first of the usual ones that has any. */
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { HoldfastError } from '../kernel/errors.ts';
import { fromNodeError } from '../kernel/native/system-error.ts';

export interface ConfigPlaces {
  /** a file or a folder that was asked for */
  readonly named: string | undefined;
  /** folders that are looked at otherwise, in this order */
  readonly usual: readonly string[];
}

export interface ConfigFiles {
  /** the file or folder; undefined when there is no configuration */
  readonly place: string | undefined;
  /** absolute paths, in the order of their names */
  readonly files: readonly string[];
}

/**
 * Files of the configuration. A folder stands for all `*.yaml` and `*.yml` in it. The current folder is no usual place:
 * a configuration names commands to run, and whoever may write there could have them run by others.
 * Codes `not-found` for a place that was named, `forbidden`.
 */
export function findConfigFiles({ named, usual }: ConfigPlaces): ConfigFiles {
  if (named !== undefined) {
    const place = resolve(named);
    if (!isFolder(place)) return { place, files: [place] };
    const files = yamlFiles(place);
    if (files.length > 0) return { place, files };
    throw new HoldfastError('not-found', `there is no *.yaml in ${place}`);
  }
  for (const place of usual) {
    const files = isFolderThere(place) ? yamlFiles(place) : [];
    if (files.length > 0) return { place, files };
  }
  return { place: undefined, files: [] };
}

function yamlFiles(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name));
    return names.sort().map((name) => join(folder, name));
  } catch (error) {
    throw fromNodeError('list', Buffer.from(folder), error);
  }
}

function isFolder(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    const absent = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (absent) throw new HoldfastError('not-found', `the configuration ${path} does not exist`);
    throw fromNodeError('open', Buffer.from(path), error);
  }
}

function isFolderThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}
