/** One connection to an SSH server, directly or through others, with its user logged in. */
import type { Duplex } from 'node:stream';
import ssh from 'ssh2';
import type { ServerHostKeyAlgorithm } from 'ssh2';
import { messageOf, throwIfAborted } from '../../kernel/errors.ts';
import type { HoldfastError } from '../../kernel/errors.ts';
import { orAborted } from '../../kernel/or-aborted.ts';
import type { ConnectPlace } from './errors.ts';
import { connectError } from './errors.ts';
import type { Trust } from './host-key.ts';
import type { Login } from './login.ts';
import { connectSocket } from './socket.ts';

/** A server on the way, or the one at its end. */
export interface Hop extends Trust {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly login: Login;
}

export interface Connection {
  readonly client: ssh.Client;
  readonly place: ConnectPlace;
}

/** Milliseconds for the connection, and for finding out that its other end is gone. */
const connectTimeout = 30_000;
const keepAlive = 20_000;

/** The authenticated ciphers that processors have instructions for, first. */
const ciphers: ssh.CipherAlgorithm[] = [
  'aes128-gcm@openssh.com',
  'aes256-gcm@openssh.com',
  'chacha20-poly1305@openssh.com' as ssh.CipherAlgorithm,
  'aes128-ctr',
  'aes192-ctr',
  'aes256-ctr',
];

/**
 * Connects to the last of `route` through those before it. Rejects with one of the sentences of errors.ts. `timeout` is
 * milliseconds without an answer after which a connection counts as lost.
 */
export async function connect(
  route: readonly Hop[],
  timeout: number,
  signal?: AbortSignal,
): Promise<Connection> {
  let last: Connection | undefined;
  try {
    for (const hop of route) last = await connectHop(hop, last, timeout, signal);
    return last!;
  } catch (error) {
    // with it go those that it came through
    last?.client.destroy();
    throw error;
  }
}

async function connectHop(
  { host, port, user, login, judge, knownTypes }: Hop,
  through: Connection | undefined,
  timeout: number,
  signal: AbortSignal | undefined,
): Promise<Connection> {
  throwIfAborted(signal);
  const place = { host, port, user, ways: login.ways };
  const client = new ssh.Client();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  // Nobody may be there any more to hear it.
  promise.catch(() => {});
  let untrusted: HoldfastError | undefined;
  let socket: Duplex | undefined;
  client.on('error', (error: Error & { readonly level?: string }) => {
    // An agent that is not there any more: other ways to log in follow.
    if (error.level !== 'agent') reject(untrusted ?? error);
  });
  client.on('close', () => {
    reject(untrusted ?? new Error('Connection closed'));
    through?.client.end();
  });
  client.on('ready', resolve);
  try {
    socket = through ? await orAborted(channelTo(host, port, through), signal) : connectSocket(host, port);
    client.connect({
      sock: socket,
      username: user,
      authHandler: [...login.methods],
      readyTimeout: connectTimeout,
      keepaliveInterval: Math.min(keepAlive, timeout),
      keepaliveCountMax: 3,
      algorithms: { cipher: ciphers, serverHostKey: hostKeyOrder(knownTypes) },
      hostVerifier: (key: Buffer) => {
        untrusted = judge(key);
        return untrusted === undefined;
      },
    });
    await orAborted(promise, signal);
    return { client, place };
  } catch (error) {
    socket?.destroy();
    throw connectError(error, place);
  }
}

async function channelTo(host: string, port: number, { client, place }: Connection): Promise<Duplex> {
  const { promise, resolve, reject } = Promise.withResolvers<Duplex>();
  client.once('close', () => reject(new Error('Connection closed')));
  client.forwardOut('127.0.0.1', 0, host, port, (error, channel) =>
    error ? reject(error) : resolve(channel),
  );
  return promise.catch((cause: unknown) => {
    throw new Error(`${place.host} does not lead there (${messageOf(cause)})`, { cause });
  });
}

const hostKeyAlgorithms: ServerHostKeyAlgorithm[] = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512' as ServerHostKeyAlgorithm,
  'rsa-sha2-256' as ServerHostKeyAlgorithm,
];

/** Servers show one key alone: it should be of a type that is known. */
function hostKeyOrder(known: readonly string[]): ServerHostKeyAlgorithm[] {
  const isKnown = (name: string): boolean =>
    known.includes(name) || (name.startsWith('rsa-') && known.includes('ssh-rsa'));
  return [...hostKeyAlgorithms.filter(isKnown), ...hostKeyAlgorithms.filter((name) => !isKnown(name))];
}
