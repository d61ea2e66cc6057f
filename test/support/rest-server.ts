/** Servers of the test's own that speak restic's REST protocol: restic's rest-server, and rclone in that role. */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeCertificate } from './certificate.ts';
import { freePort, startServer } from './server.ts';
import { removeTree } from './temp.ts';
import { toolPath } from './tools.ts';

export interface RestServerOptions {
  readonly appendOnly?: boolean;
  /** users with their passwords; without any, everybody may come */
  readonly users?: Readonly<Record<string, string>>;
  readonly tls?: boolean;
  /** listen on a unix socket */
  readonly socket?: boolean;
}

export interface RestServer {
  /** what stands after `rest:`, with a slash at its end */
  readonly url: string;
  /** where its repositories lie */
  readonly data: string;
  readonly ca: string | undefined;
  readonly pid: number;
  /** Kills it and removes its data. Idempotent. */
  stop(): Promise<void>;
}

/** Starts restic's own server; it answers within a second. */
export async function startRestServer(options: RestServerOptions = {}): Promise<RestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rest-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const ca = options.tls === true ? await makeCertificate(folder) : undefined;
  const port = await freePort();
  const socket = join(folder, 'rest.socket');
  const args = ['--path', data, '--listen', options.socket ? `unix:${socket}` : `127.0.0.1:${port}`];
  if (options.appendOnly) args.push('--append-only');
  if (ca !== undefined) {
    args.push('--tls', '--tls-cert', join(folder, 'public.crt'), '--tls-key', join(folder, 'private.key'));
  }
  if (options.users === undefined) args.push('--no-auth');
  else {
    const lines = Object.entries(options.users).map(([user, password]) => {
      const hash = createHash('sha1').update(password).digest('base64');
      return `${user}:{SHA}${hash}\n`;
    });
    writeFileSync(join(data, '.htpasswd'), lines.join(''));
  }
  const server = await startServer({
    command: toolPath('rest-server'),
    args,
    ready: () => (options.socket ? Promise.resolve(existsSync(socket)) : listens(port)),
  });
  return {
    url: options.socket
      ? `http+unix://${socket}:/`
      : `${ca === undefined ? 'http' : 'https'}://127.0.0.1:${port}/`,
    data,
    ca,
    pid: server.child.pid!,
    async stop() {
      await server.stop();
      removeTree(folder);
    },
  };
}

/** Starts `rclone serve restic` on a unix socket, before a folder. */
export async function startRcloneRestic(options: { appendOnly?: boolean } = {}): Promise<RestServer> {
  const folder = mkdtempSync(join(tmpdir(), 'holdfast-rclone-'));
  const data = join(folder, 'data');
  mkdirSync(data);
  const socket = join(folder, 'rclone.socket');
  const server = await startServer({
    command: toolPath('rclone'),
    args: [
      ...['serve', 'restic', '--addr', `unix://${socket}`, '--config', join(folder, 'none.conf')],
      ...(options.appendOnly ? ['--append-only'] : []),
      data,
    ],
    ready: () => answersOn(socket),
  });
  return {
    url: `http+unix://${socket}:/`,
    data,
    ca: undefined,
    pid: server.child.pid!,
    async stop() {
      await server.stop();
      removeTree(folder);
    },
  };
}

function listens(port: number): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1', () => resolve(true));
  socket.on('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function answersOn(socketPath: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const asked = request({ socketPath, path: '/' }, (response) => {
    response.resume();
    resolve(true);
  });
  asked.on('error', () => resolve(false));
  asked.end();
  return promise;
}
