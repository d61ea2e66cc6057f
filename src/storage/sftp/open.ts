/** Puts an SFTP storage together from its location, the credentials, `-o sftp.*`, the environment and ~/.ssh. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../../kernel/errors.ts';
import type { StorageCredentials } from '../credentials.ts';
import { countSetting, refuseUnknownSettings } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { connect } from './connection.ts';
import type { SftpLocation } from './location.ts';
import { createPool } from './pool.ts';
import { routeTo } from './route.ts';
import { openSession } from './session.ts';
import { createSftpStorage } from './storage.ts';

export interface OpenSftpOptions {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly credentials?: StorageCredentials | undefined;
  /** as `-o` has them, without their `sftp.` */
  readonly settings: ReadonlyMap<string, string>;
  /** milliseconds */
  readonly stuckRequestTimeout?: number | undefined;
}

const known = new Set(['connections', 'known-hosts', 'config', 'layout']);
/** restic's */
const defaultConnections = 5;
const defaultTimeout = 5 * 60_000;

/** Code `usage` for settings that make no sense. Nothing is connected yet; keys and known hosts are read by the first call. */
export function openSftpStorage(text: string, location: SftpLocation, options: OpenSftpOptions): Storage {
  const { environment, settings, credentials = {} } = options;
  const foreign = ['command', 'args'].find((name) => settings.has(name));
  if (foreign !== undefined) {
    throw new HoldfastError('unsupported', `sftp.${foreign} is not supported: no ssh is started`, {
      hint: 'HostName, Port, User and IdentityFile of ~/.ssh/config are heeded',
    });
  }
  refuseUnknownSettings('sftp', settings, known);
  const home = environment['HOME'] || homedir();
  const timeout = options.stuckRequestTimeout ?? defaultTimeout;
  const configFile = settings.get('config') || join(home, '.ssh', 'config');
  const connections = countSetting(settings, 'sftp.connections', defaultConnections);

  const pool = createPool(async (signal) => {
    const target = { ...location, user: location.user ?? credentials.user };
    const route = routeTo(target, {
      ...{ configFile, home, knownHosts: settings.get('known-hosts') || undefined },
      login: {
        password: credentials.password ?? (environment['HOLDFAST_SFTP_PASSWORD'] || undefined),
        keyFile: credentials.keyFile ?? (environment['HOLDFAST_SFTP_KEY_FILE'] || undefined),
        keyPassphrase:
          credentials.keyPassphrase ?? (environment['HOLDFAST_SFTP_KEY_PASSPHRASE'] || undefined),
        agent: environment['SSH_AUTH_SOCK'] || undefined,
      },
    });
    return openSession(await connect(route, timeout, signal), timeout, signal);
  }, connections);
  return createSftpStorage(text, location.path, pool);
}
