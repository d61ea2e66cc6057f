/** The programs that are compared, each as the commands of the same few tasks, with comparable settings. */
import { spawnSync } from 'node:child_process';
import { basename, dirname, join } from 'node:path';
import { holdfastBin } from '../test/support/restic.ts';
import { findTool } from '../test/support/tools.ts';
import type { Command } from './measure.ts';

/** Where one program keeps what it makes. */
export interface Place {
  /** path or URL of the repository */
  readonly repository: string;
  /** the same file for all programs */
  readonly passwordFile: string;
  /** folder for caches and settings */
  readonly home: string;
  /** S3 credentials and the like */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Program {
  readonly name: string;
  readonly version: string;
  /** makes an empty repository */
  init(place: Place): Command[];
  backup(place: Place, tree: string, run: number): Command;
  /** gives the newest backup back into an existing empty folder */
  restore(place: Place, tree: string, target: string): Command;
  /** reads and verifies all data; absent where the program has no such thing */
  check?(place: Place): Command;
  /** lists the snapshots of a repository that restic made */
  list?(place: Place): Command;
  /** true when it has no second, incremental backup */
  readonly onlyWhole?: boolean;
  /** true when it writes to S3 by itself */
  readonly s3?: boolean;
}

/** All programs that this machine has, Holdfast first. */
export function findPrograms(wanted: ReadonlySet<string> | undefined): Program[] {
  const all = [holdfast(), restic(), borg(), tar(), kopia(), rustic()];
  return all
    .filter((program) => program !== undefined)
    .filter((program) => wanted?.has(program.name) ?? true);
}

/** The first number with dots that the program says about itself. */
export function versionOf(command: string, ...args: string[]): string {
  const result = spawnSync(command, args, { encoding: 'utf8' });
  return /\d+(\.\d+)+/.exec(`${result.stdout}${result.stderr}`)?.[0] ?? 'of unknown version';
}

function holdfast(): Program {
  return likeRestic('holdfast', versionOf(process.execPath, holdfastBin, '--version'), [
    process.execPath,
    holdfastBin,
  ]);
}

function restic(): Program | undefined {
  const path = findTool('restic');
  return path === undefined ? undefined : likeRestic('restic', versionOf(path, 'version'), [path]);
}

/** The variables that both restic and Holdfast read. */
export function resticEnvironment(place: Place): Record<string, string | undefined> {
  return {
    HOLDFAST_REPOSITORY: undefined,
    HOLDFAST_PASSWORD_FILE: undefined,
    RESTIC_REPOSITORY: place.repository,
    RESTIC_PASSWORD_FILE: place.passwordFile,
    RESTIC_CACHE_DIR: join(place.home, 'cache'),
    HOLDFAST_CACHE_DIR: join(place.home, 'cache'),
    XDG_CACHE_HOME: join(place.home, 'cache'),
    ...place.env,
  };
}

function likeRestic(name: string, version: string, command: readonly string[]): Program {
  const verb = (place: Place, ...args: string[]): Command => ({
    argv: [...command, ...args],
    env: resticEnvironment(place),
  });
  return {
    name,
    version,
    s3: true,
    init: (place) => [verb(place, 'init')],
    backup: (place, tree) => verb(place, 'backup', tree),
    restore: (place, _tree, target) => verb(place, 'restore', 'latest', '--target', target),
    check: (place) => verb(place, 'check', '--read-data'),
    list: (place) => verb(place, 'snapshots'),
  };
}

function borg(): Program | undefined {
  const path = findTool('borg');
  if (path === undefined) return undefined;
  const verb = (place: Place, args: string[], cwd?: string): Command => ({
    argv: [path, ...args],
    env: {
      BORG_REPO: place.repository,
      BORG_PASSCOMMAND: `cat ${place.passwordFile}`,
      BORG_BASE_DIR: place.home,
    },
    ...(cwd === undefined ? {} : { cwd }),
  });
  let latest = '';
  return {
    name: 'borg',
    version: versionOf(path, '--version'),
    init: (place) => [verb(place, ['init', '--encryption', 'repokey'])],
    backup(place, tree, run) {
      latest = `run-${run}`;
      return verb(place, ['create', '--compression', 'zstd,3', `::${latest}`, tree]);
    },
    restore: (place, _tree, target) => verb(place, ['extract', `::${latest}`], target),
    check: (place) => verb(place, ['check', '--verify-data']),
  };
}

function tar(): Program | undefined {
  const zstd = findTool('zstd');
  if (zstd === undefined) return undefined;
  const shell = (script: string, ...args: string[]): Command => ({
    argv: ['bash', '-c', `set -o pipefail; ${script}`, 'bash', ...args],
  });
  return {
    name: 'tar',
    version: `${versionOf('tar', '--version')} with zstd ${versionOf(zstd, '--version')}`,
    onlyWhole: true,
    init: (place) => [{ argv: ['mkdir', '-p', place.repository] }],
    backup: (place, tree) =>
      shell(
        'tar -C "$1" -cf - "$2" | zstd -q -3 -T2 -f -o "$3/all.tar.zst"',
        ...[dirname(tree), basename(tree), place.repository],
      ),
    restore: (place, _tree, target) =>
      shell('zstd -q -dc "$1/all.tar.zst" | tar -C "$2" -xpf -', place.repository, target),
    check: (place) => shell('zstd -q -t "$1/all.tar.zst"', place.repository),
  };
}

function kopia(): Program | undefined {
  const path = findTool('kopia');
  if (path === undefined) return undefined;
  const verb = (place: Place, ...args: string[]): Command => ({
    argv: ['bash', '-c', 'KOPIA_PASSWORD=$(cat "$0") exec "$@"', place.passwordFile, path, ...args],
    env: {
      KOPIA_CONFIG_PATH: join(place.home, 'repository.config'),
      KOPIA_CACHE_DIRECTORY: join(place.home, 'cache'),
      KOPIA_LOG_DIR: join(place.home, 'log'),
      KOPIA_CHECK_FOR_UPDATES: 'false',
    },
  });
  return {
    name: 'kopia',
    version: versionOf(path, '--version'),
    init: (place) => [
      verb(place, 'repository', 'create', 'filesystem', '--path', place.repository),
      verb(place, 'policy', 'set', '--global', '--compression', 'zstd'),
    ],
    backup: (place, tree) => verb(place, 'snapshot', 'create', tree),
    restore: (place, tree, target) =>
      verb(place, 'snapshot', 'restore', tree, target, '--snapshot-time', 'latest'),
    check: (place) => verb(place, 'snapshot', 'verify', '--verify-files-percent', '100'),
  };
}

function rustic(): Program | undefined {
  const path = findTool('rustic');
  if (path === undefined) return undefined;
  const verb = (place: Place, ...args: string[]): Command => ({
    argv: [path, '--no-progress', ...args],
    env: {
      RUSTIC_REPOSITORY: place.repository,
      RUSTIC_PASSWORD_FILE: place.passwordFile,
      RUSTIC_CACHE_DIR: join(place.home, 'cache'),
    },
  });
  return {
    name: 'rustic',
    version: versionOf(path, '--version'),
    init: (place) => [verb(place, 'init')],
    backup: (place, tree) => verb(place, 'backup', tree),
    restore: (place, _tree, target) => verb(place, 'restore', 'latest', target),
    check: (place) => verb(place, 'check', '--read-data'),
  };
}
