/** The programs whose repositories are compared: Holdfast asks the database itself, the others are given its plain dump. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { holdfastBin } from '../../test/support/restic.ts';
import { findTool } from '../../test/support/tools.ts';
import type { Command } from '../measure.ts';
import { resticEnvironment, versionOf } from '../programs.ts';
import type { DumpDatabase } from './database.ts';

export interface DumpProgram {
  readonly name: string;
  readonly version: string;
  readonly repository: string;
  readonly init: Command;
  /** One night; `dump` is the plain dump of this very night. */
  backup(database: DumpDatabase, dump: string, night: number): Command;
}

/** What this machine has, each with an empty folder of its own for the repository; Holdfast first. */
export function findDumpPrograms(folder: string, passwordFile: string): DumpProgram[] {
  const place = (name: string) => {
    const home = join(folder, name, 'home');
    mkdirSync(join(home, 'cache'), { recursive: true });
    return { repository: join(folder, name, 'repository'), passwordFile, home };
  };
  return [
    holdfastProgram(place('holdfast')),
    restic(place('restic')),
    borg('borg', place('borg'), undefined),
    borg('borg, chunks of 2^15', place('borg-small'), '10,20,15,4095'),
  ].filter((program) => program !== undefined);
}

interface Place {
  readonly repository: string;
  readonly passwordFile: string;
  readonly home: string;
}

/** Holdfast with a repository at that place. */
export function holdfastProgram(place: Place): DumpProgram {
  const command = [process.execPath, holdfastBin];
  const env = resticEnvironment(place);
  return {
    name: 'holdfast',
    version: versionOf(process.execPath, holdfastBin, '--version'),
    repository: place.repository,
    init: { argv: [...command, 'init'], env },
    backup: (database) => ({
      argv: [...command, 'backup', database.url],
      env: { ...env, ...database.env },
    }),
  };
}

function restic(place: Place): DumpProgram | undefined {
  const path = findTool('restic');
  if (path === undefined) return undefined;
  const env = resticEnvironment(place);
  return {
    name: 'restic',
    version: versionOf(path, 'version'),
    repository: place.repository,
    init: { argv: [path, 'init'], env },
    backup: (_, dump) => ({
      argv: fedWith(dump, [path, 'backup', '--stdin', '--stdin-filename', 'dump.sql']),
      env,
    }),
  };
}

function borg(name: string, place: Place, chunks: string | undefined): DumpProgram | undefined {
  const path = findTool('borg');
  if (path === undefined) return undefined;
  const env = {
    BORG_REPO: place.repository,
    BORG_PASSCOMMAND: `cat ${place.passwordFile}`,
    BORG_BASE_DIR: place.home,
  };
  const options = ['--compression', 'zstd,3', ...(chunks === undefined ? [] : ['--chunker-params', chunks])];
  return {
    name,
    version: versionOf(path, '--version'),
    repository: place.repository,
    init: { argv: [path, 'init', '--encryption', 'repokey'], env },
    backup: (_, dump, night) => ({
      argv: fedWith(dump, [path, 'create', ...options, `::night-${night}`, '-']),
      env,
    }),
  };
}

function fedWith(file: string, argv: readonly string[]): string[] {
  return ['bash', '-c', 'exec "$@" <"$0"', file, ...argv];
}
