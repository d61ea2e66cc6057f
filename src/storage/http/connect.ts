/** Makes the undici dispatcher for a server: number of connections, TLS with a custom authority, a proxy. */
import { readFileSync } from 'node:fs';
import { createSecureContext, getCACertificates } from 'node:tls';
import { Agent } from 'undici';
import type { Dispatcher, buildConnector } from 'undici';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Proxy } from './proxy.ts';
import { throughProxy } from './proxy.ts';

export interface ConnectOptions {
  readonly secure: boolean;
  /** connections at the same time */
  readonly connections: number;
  /** PEM files of authorities that are trusted besides the usual ones */
  readonly caFiles: readonly string[];
  /** PEM file with certificate and key of this client */
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean | undefined;
  /** trust the authorities of this machine, too; reading them takes a tenth of a second */
  readonly systemAuthorities: boolean;
  /** milliseconds without a byte after which a request has failed */
  readonly timeout: number;
  /** a unix socket that is asked instead of the host */
  readonly socketPath?: string | undefined;
  /** asked for every connection */
  readonly proxy?: Proxy | undefined;
}

const connectTimeout = 30_000;

export function createDispatcher(options: ConnectOptions): Dispatcher {
  const tls = options.secure ? tlsOptions(options) : {};
  const { proxy, secure, socketPath } = options;
  const common = {
    connections: options.connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: options.timeout,
    bodyTimeout: options.timeout,
    keepAliveTimeout: 30_000,
    connect: { ...tls, timeout: connectTimeout, keepAlive: true, ...(socketPath && { socketPath }) },
  };
  return proxy === undefined ? new Agent(common) : throughProxy(proxy, secure, common, tls);
}

function tlsOptions(options: ConnectOptions): buildConnector.BuildOptions {
  const extra = options.caFiles.map((path) => readPem(path, 'certificate authority'));
  const system = options.systemAuthorities ? getCACertificates('system') : [];
  const client =
    options.clientCertificateFile === undefined ? {} : readClientCertificate(options.clientCertificateFile);
  try {
    const secureContext = createSecureContext({
      ca: [...getCACertificates('default'), ...system, ...extra],
      ...client,
    });
    return { secureContext, rejectUnauthorized: options.insecureTls !== true };
  } catch (cause) {
    throw new HoldfastError('usage', `a certificate file cannot be used: ${messageOf(cause)}`, {
      hint: 'it must be in PEM format',
      cause,
    });
  }
}

function readClientCertificate(path: string): { cert: string; key: string } {
  const pem = readPem(path, 'client certificate');
  return { cert: pem, key: pem };
}

function readPem(path: string, what: string): string {
  let text;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new HoldfastError('usage', `the ${what} file ${path} cannot be read: ${messageOf(cause)}`, {
      cause,
    });
  }
  if (!text.includes('-----BEGIN ')) {
    throw new HoldfastError('usage', `the ${what} file ${path} is not in PEM format`);
  }
  return text;
}
