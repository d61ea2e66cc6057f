/** Makes the undici dispatcher for a server: number of connections, TLS with a custom authority, a proxy. */
import { Agent } from 'undici';
import type { Dispatcher } from 'undici';
import type { TlsOptions } from '../tls.ts';
import { tlsSettings } from '../tls.ts';
import type { Proxy } from './proxy.ts';
import { throughProxy } from './proxy.ts';
import { largestHeader, reusedReads } from './reused-reads.ts';

export interface ConnectOptions extends TlsOptions {
  readonly secure: boolean;
  /** connections at the same time */
  readonly connections: number;
  /** milliseconds without a byte after which a request has failed */
  readonly timeout: number;
  /** a unix socket that is asked instead of the host */
  readonly socketPath?: string | undefined;
  /** asked for every connection */
  readonly proxy?: Proxy | undefined;
}

const connectTimeout = 30_000;
/** What is still on its way has so long to end by itself, milliseconds. */
const partingMs = 3000;
/** Bytes that are read at once; TLS never has more than a record of 16 KiB. */
const readBytes = { plain: 256 << 10, tls: 32 << 10 };

export function createDispatcher(options: ConnectOptions): Dispatcher {
  const tls = options.secure ? tlsSettings(options) : {};
  const { proxy, secure, socketPath } = options;
  const common = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: options.timeout,
    bodyTimeout: options.timeout,
    keepAliveTimeout: 30_000,
    maxHeaderSize: largestHeader,
    connect: { ...tls, timeout: connectTimeout, keepAlive: true, ...(socketPath && { socketPath }) },
  };
  if (proxy !== undefined) return throughProxy(proxy, secure, common, tls);
  const onread = reusedReads(secure ? readBytes.tls : readBytes.plain);
  return new Agent({ ...common, connect: { ...common.connect, onread } });
}

/** Ends the connections; requests that nobody waits for any more do not hold it up. */
export async function closeDispatcher(dispatcher: Dispatcher): Promise<void> {
  const { promise: cut, resolve } = Promise.withResolvers<void>();
  const late = setTimeout(() => resolve(dispatcher.destroy()), partingMs);
  await Promise.race([dispatcher.close(), cut]);
  clearTimeout(late);
}
