/** The servers of bench/transfer.ts, each with two ways to it: Holdfast's storage, and the program that people know. */
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openStorage } from '../src/storage/open.ts';
import type { Storage } from '../src/storage/storage.ts';
import { startRestServer } from '../test/support/rest-server.ts';
import { startSshd } from '../test/support/sshd.ts';
import { toolPath } from '../test/support/tools.ts';
import { startVsftpd } from '../test/support/vsftpd.ts';

export interface Pair {
  readonly title: string;
  readonly peer: string;
  /** the object's name in the storage */
  readonly name: string;
  readonly open: () => Promise<Storage>;
  readonly put: readonly string[];
  readonly get: readonly string[];
  /** for servers that do not replace what is there */
  readonly clear?: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** What is sent, where it comes to, and a folder for what else is needed. */
export interface Files {
  readonly folder: string;
  readonly source: string;
  readonly copy: string;
}

type Start = (files: Files) => Promise<Pair>;

export const starts: Readonly<Record<string, Start>> = {
  sftp,
  ftp: (files) => ftp('none', files),
  ftps: (files) => ftp('explicit', files),
  rest: (files) => rest(false, files),
  'rest-tls': (files) => rest(true, files),
  rclone,
  'rclone-sftp': rcloneOnSftp,
};

async function sftp({ source, copy }: Files): Promise<Pair> {
  const server = await startSshd();
  const scp = ['scp', '-q', '-F', server.sshConfig];
  return {
    title: 'SFTP',
    peer: 'scp',
    name: 'object',
    open: () =>
      openStorage(`sftp://${server.user}@127.0.0.1:${server.port}/${server.home}/own`, {
        environment: {},
        credentials: { keyFile: server.keyFile },
        extended: new Map([['sftp.known-hosts', server.knownHosts]]),
      }),
    put: [...scp, source, `test:${server.home}/object`],
    get: [...scp, `test:${server.home}/object`, copy],
    stop: () => server.stop(),
  };
}

async function ftp(security: 'none' | 'explicit', { folder, source, copy }: Files): Promise<Pair> {
  const server = await startVsftpd({ security });
  const netrc = join(folder, 'netrc');
  writeFileSync(netrc, `machine 127.0.0.1 login ${server.user} password "${server.password}"\n`, {
    mode: 0o600,
  });
  const tls = server.ca === undefined ? [] : ['--ssl-reqd', '--cacert', server.ca];
  const curl = ['curl', '-sS', '--netrc-file', netrc, ...tls];
  const url = `ftp://127.0.0.1:${server.port}/object`;
  return {
    title: security === 'none' ? 'FTP' : 'FTP with TLS',
    peer: 'curl',
    name: 'object',
    open: () =>
      openStorage(`${server.scheme}://${server.user}@127.0.0.1:${server.port}/own`, {
        environment: { HOLDFAST_FTP_PASSWORD: server.password },
        ...(server.ca !== undefined && { caFiles: [server.ca] }),
      }),
    put: [...curl, '-T', source, url],
    get: [...curl, '-o', copy, url],
    stop: () => server.stop(),
  };
}

/** The server compares what comes with its name, which is its SHA-256. */
async function rest(tls: boolean, { source, copy }: Files): Promise<Pair> {
  const server = await startRestServer({ tls });
  const hash = createHash('sha256').update(readFileSync(source)).digest('hex');
  const name = `data/${hash.slice(0, 2)}/${hash}`;
  const url = `${server.url}peer/data/${hash}`;
  const curl = ['curl', '-sSf', ...(server.ca === undefined ? [] : ['--cacert', server.ca])];
  const open = (path: string): Promise<Storage> =>
    openStorage(`rest:${server.url}${path}/`, {
      environment: {},
      ...(server.ca !== undefined && { caFiles: [server.ca] }),
    });
  for (const path of ['own', 'peer']) {
    await using stack = new AsyncDisposableStack();
    await stack.adopt(await open(path), (storage) => storage.close()).prepare();
  }
  return {
    title: tls ? 'REST with TLS' : 'REST',
    peer: 'curl',
    name,
    open: () => open('own'),
    put: [...curl, '-X', 'POST', '-T', source, url],
    get: [...curl, '-o', copy, url],
    async clear() {
      for (const path of ['own', 'peer']) {
        await using stack = new AsyncDisposableStack();
        await stack.adopt(await open(path), (storage) => storage.close()).remove(name);
      }
    },
    stop: () => server.stop(),
  };
}

function throughRclone(
  title: string,
  remote: string,
  lines: readonly string[],
  files: Files,
): Omit<Pair, 'stop'> {
  const config = join(files.folder, 'rclone.conf');
  writeFileSync(config, `[remote]\n${lines.join('\n')}\n`);
  const program = toolPath('rclone');
  const copyTo = [program, '--config', config, 'copyto', '--ignore-times'];
  return {
    title,
    peer: 'rclone copyto',
    name: 'object',
    open: () =>
      openStorage(`rclone:remote:${remote}/own`, {
        environment: { PATH: process.env['PATH'], RCLONE_CONFIG: config },
        extended: new Map([['rclone.program', program]]),
      }),
    put: [...copyTo, files.source, `remote:${remote}/object`],
    get: [...copyTo, `remote:${remote}/object`, files.copy],
  };
}

async function rclone(files: Files): Promise<Pair> {
  const pair = throughRclone('rclone on a folder', join(files.folder, 'remote'), ['type = local'], files);
  return { ...pair, stop: async () => {} };
}

async function rcloneOnSftp(files: Files): Promise<Pair> {
  const server = await startSshd();
  const lines = [
    ...['type = sftp', 'host = 127.0.0.1', `port = ${server.port}`, `user = ${server.user}`],
    // of its host keys rclone asks for one that the test's file does not know
    `key_file = ${server.keyFile}`,
  ];
  const pair = throughRclone('rclone on SFTP', server.home, lines, files);
  return { ...pair, stop: () => server.stop() };
}
