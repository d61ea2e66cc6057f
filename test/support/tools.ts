/**
 * Finds the foreign programs and servers that tests use. A missing one skips the test, visibly, on a person's machine
 * and fails it in CI, where `.ci/install-tools` has put everything in place.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { TestContext } from 'node:test';

export type Tool =
  | 'restic'
  | 'rclone'
  | 'rest-server'
  | 'minio'
  | 'radosgw'
  | 'resticpy'
  | 'pyftpdlib'
  | 'borg'
  | 'kopia'
  | 'rustic'
  | 'zstd'
  | 'tar'
  | 'bsdtar'
  | 'gzip'
  | 'lz4'
  | 'gpg'
  | 'age'
  | 'aws'
  | 'setfattr'
  | 'getfattr'
  | 'setfacl'
  | 'strace'
  | 'shellcheck'
  | 'zsh'
  | 'fish'
  | 'openssl'
  | 'time'
  | 'prlimit'
  | 'fincore'
  | 'postgres15'
  | 'postgres18'
  | 'mariadb'
  | 'mariadb-dump'
  | 'mysql9'
  | 'sqlite3'
  | 'sshd'
  | 'vsftpd';

/** The oracle's version: interoperability is proven against exactly this one. */
const resticVersion = '0.19.1';

const toolsFolder = process.env['HOLDFAST_TOOLS'] ?? join(homedir(), '.cache', 'holdfast-tools');

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function onPath(name: string): string | undefined {
  const folders = [
    join(toolsFolder, 'bin'),
    ...(process.env['PATH'] ?? '').split(delimiter),
    '/usr/sbin',
    '/sbin',
  ];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function runs(command: string, args: readonly string[], expected: RegExp): boolean {
  const result = spawnSync(command, args, { encoding: 'utf8', timeout: 20_000 });
  return result.status === 0 && expected.test(result.stdout);
}

function locate(tool: Tool): string | undefined {
  switch (tool) {
    case 'restic': {
      const path = onPath('restic');
      const wanted = new RegExp(`^restic ${resticVersion.replaceAll('.', '\\.')} `);
      return path !== undefined && runs(path, ['version'], wanted) ? path : undefined;
    }
    case 'radosgw': {
      const needed = [
        'radosgw',
        'radosgw-admin',
        'ceph-mon',
        'ceph-osd',
        'ceph',
        'ceph-authtool',
        'monmaptool',
      ];
      return needed.every((name) => onPath(name) !== undefined) ? onPath('radosgw') : undefined;
    }
    case 'resticpy':
      return pythonWith('restic');
    case 'pyftpdlib':
      return pythonWith('pyftpdlib');
    case 'postgres15':
    case 'postgres18': {
      const major = tool.slice('postgres'.length);
      const folders = [join(toolsFolder, 'bin', `pg${major}`), `/usr/lib/postgresql/${major}/bin`];
      const server = folders.map((folder) => join(folder, 'postgres')).find(isExecutable);
      const wanted = new RegExp(`^postgres \\(PostgreSQL\\) ${major}\\.`);
      return server !== undefined && runs(server, ['--version'], wanted) ? server : undefined;
    }
    case 'mariadb':
      return onPath('mariadb-dump') === undefined ? undefined : onPath('mariadbd');
    case 'mysql9': {
      const server = join(toolsFolder, 'bin', 'mysql9', 'mysqld');
      return isExecutable(server) && runs(server, ['--version'], /Ver 9\./) ? server : undefined;
    }
    default:
      return onPath(tool);
  }
}

function pythonWith(module: string): string | undefined {
  const python = join(toolsFolder, 'venv', 'bin', 'python');
  return isExecutable(python) && runs(python, ['-c', `import ${module}; print("here")`], /here/)
    ? python
    : undefined;
}

const found = new Map<Tool, string | undefined>();

/** Path of a program (of the Python with it, for its modules; of the server, for databases), or undefined where this machine lacks it. */
export function findTool(tool: Tool): string | undefined {
  if (!found.has(tool)) found.set(tool, locate(tool));
  return found.get(tool);
}

function absence(tool: Tool): string {
  const version = tool === 'restic' ? ` ${resticVersion}` : '';
  return `${tool}${version} is missing: run .ci/install-tools`;
}

/**
 * Path of a program. Where it is missing: throws in CI, and elsewhere skips the test and answers undefined, upon which
 * the test returns.
 */
export function requireTool(t: TestContext, tool: Tool): string | undefined {
  const path = findTool(tool);
  if (path !== undefined) return path;
  if (isCi()) throw new Error(absence(tool));
  t.skip(absence(tool));
  return undefined;
}

/**
 * For the `skip` option of a test or a suite: false when all tools are here, else the reason. In CI it is always false,
 * so that the test runs and fails where it needs the tool.
 */
export function skipWithout(...tools: Tool[]): string | false {
  const missing = tools.find((tool) => findTool(tool) === undefined);
  return missing === undefined || isCi() ? false : absence(missing);
}

/** Path of a program that must be there by now, because the test is skipped without it. */
export function toolPath(tool: Tool): string {
  const path = findTool(tool);
  if (path === undefined) throw new Error(absence(tool));
  return path;
}

/** True in continuous integration, where nothing may be skipped. */
export function isCi(): boolean {
  return process.env['CI'] === 'true';
}
