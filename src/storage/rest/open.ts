/** Puts a REST storage together from its location, restic's `-o rest.*` settings, the environment and a configuration. */
import type { StorageCredentials } from '../credentials.ts';
import { createDispatcher } from '../http/connect.ts';
import { proxyFor } from '../http/proxy.ts';
import type { Environment } from '../http/proxy.ts';
import type { Limits } from '../limit.ts';
import { countSetting, refuseUnknownSettings } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { createRestClient } from './client.ts';
import type { RestLocation } from './location.ts';
import { createRestStorage } from './storage.ts';

export interface OpenRestOptions {
  readonly environment: Environment;
  /** as `-o` has them, without their `rest.` */
  readonly settings: ReadonlyMap<string, string>;
  readonly credentials?: StorageCredentials | undefined;
  readonly caFiles?: readonly string[];
  readonly clientCertificateFile?: string | undefined;
  readonly insecureTls?: boolean;
  readonly userAgent?: string | undefined;
  /** milliseconds */
  readonly stuckRequestTimeout?: number | undefined;
  readonly limits?: Limits;
}

const defaultConnections = 8;
const defaultTimeout = 5 * 60_000;

/** Code `usage` for settings that make no sense. No request is made yet. */
export function openRestStorage(location: RestLocation, options: OpenRestOptions): Storage {
  const { environment, settings } = options;
  refuseUnknownSettings('rest', settings, new Set(['connections']));
  const { secure, host, socketPath } = location;
  const proxy = socketPath === undefined ? proxyFor(environment, secure, host) : undefined;
  const dispatcher = createDispatcher({
    ...{ secure, socketPath, proxy },
    connections: countSetting(settings, 'rest.connections', defaultConnections),
    caFiles: options.caFiles ?? [],
    clientCertificateFile: options.clientCertificateFile,
    insecureTls: options.insecureTls,
    systemAuthorities: true,
    timeout: options.stuckRequestTimeout ?? defaultTimeout,
  });
  const client = createRestClient({
    ...{ location, dispatcher, proxy: proxy?.name },
    ...loginOf(location, options.credentials, environment),
    limits: options.limits ?? {},
    userAgent: options.userAgent ?? 'holdfast',
  });
  return createRestStorage(client, location.shown);
}

/** A login of the location wins, then what a configuration hands in, then the environment. */
function loginOf(
  location: RestLocation,
  credentials: StorageCredentials | undefined,
  environment: Environment,
): { user: string | undefined; password: string | undefined } {
  const ours = environment['HOLDFAST_REST_USERNAME'] || environment['HOLDFAST_REST_PASSWORD'];
  const prefix = ours ? 'HOLDFAST_REST_' : 'RESTIC_REST_';
  return {
    user: location.user ?? credentials?.user ?? (environment[`${prefix}USERNAME`] || undefined),
    password: location.password ?? credentials?.password ?? (environment[`${prefix}PASSWORD`] || undefined),
  };
}
