/** Starts a server of the test's own on loopback, waits until it answers, and sees to it that it dies with the test. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { setpriv, unprivilegedFlags } from './unprivileged.ts';

export interface Server {
  readonly child: ChildProcess;
  /** Ends it and resolves when it is gone. Idempotent. */
  stop(): Promise<void>;
}

export interface ServerOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** asked again and again until it answers true */
  readonly ready: () => Promise<boolean>;
  /** milliseconds, default 60,000 */
  readonly timeout?: number;
  /** for servers that refuse to run as root */
  readonly unprivileged?: boolean;
  /** what asks it to end, default SIGKILL; who does not follow is killed */
  readonly stopSignal?: NodeJS.Signals;
}

/**
 * A TCP port of 127.0.0.1 that was free a moment ago. Below those that systems hand out for outgoing connections, of
 * which the tests beside this one make many: one of these could take the port before the server does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(10_000, 32_000);
    const server = createServer().listen(port, '127.0.0.1');
    const free = await once(server, 'listening').then(
      () => true,
      () => false,
    );
    if (!free) continue;
    server.close();
    await once(server, 'close');
    return port;
  }
}

/** Starts a server in the foreground and waits for it. Throws with its last words when it ends or stays silent. */
export async function startServer(options: ServerOptions): Promise<Server> {
  // the kernel ends the server when this process dies, however it dies
  const wrapper = existsSync(setpriv) ? [setpriv, '--pdeathsig', 'KILL'] : [];
  if (options.unprivileged === true) wrapper.push(...unprivilegedFlags());
  const [command = options.command, ...first] = [...wrapper, options.command];
  const child = spawn(command, [...first, ...options.args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  const listen = (piece: Buffer): void => {
    said = (said + piece.toString()).slice(-4_000);
  };
  child.stdout.on('data', listen);
  child.stderr.on('data', listen);
  let failure: Error | undefined;
  child.on('error', (error) => {
    failure = error;
  });
  const stop = async (): Promise<void> => {
    if (failure !== undefined || child.exitCode !== null || child.signalCode !== null) return;
    const closed = once(child, 'close');
    child.kill(options.stopSignal ?? 'SIGKILL');
    const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
    await closed;
    clearTimeout(late);
  };
  const end = Date.now() + (options.timeout ?? 60_000);
  for (;;) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`${options.command} ended:\n${said}`);
    if (await options.ready().catch(() => false)) return { child, stop };
    if (Date.now() > end) {
      await stop();
      throw new Error(`${options.command} does not answer:\n${said}`);
    }
    await pause(100);
  }
}

/** True when anything at all answers HTTP there. */
export async function answers(url: string, wanted?: number): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2_000) });
  await response.arrayBuffer();
  return wanted === undefined || response.status === wanted;
}

/** True when something listens at this port of 127.0.0.1 and speaks first; `silent` for what waits to be spoken to. */
export function greets(port: number, silent = false): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(2000, () => socket.destroy());
  socket.once(silent ? 'connect' : 'data', () => {
    resolve(true);
    socket.destroy();
  });
  socket.on('error', () => {});
  socket.once('close', () => resolve(false));
  return promise;
}
