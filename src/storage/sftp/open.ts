/** Puts an SFTP storage together from its location, the credentials, `-o sftp.*`, the environment and ~/.ssh. */
import { existsSync, readFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { StorageCredentials } from '../credentials.ts';
import { countSetting } from '../settings.ts';
import type { Storage } from '../storage.ts';
import { trustIn } from './host-key.ts';
import type { SftpLocation } from './location.ts';
import { parseKnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts.ts';
import { loginOf } from './login.ts';
import { createPool } from './pool.ts';
import { connectSession } from './session.ts';
import { readSshConfig } from './ssh-config.ts';
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
  for (const name of settings.keys()) {
    if (name === 'command' || name === 'args') {
      throw new HoldfastError('unsupported', `sftp.${name} is not supported: no ssh is started`, {
        hint: 'HostName, Port, User and IdentityFile of ~/.ssh/config are heeded',
      });
    }
    if (!known.has(name)) throw new HoldfastError('usage', `there is no setting sftp.${name}`);
  }
  const home = environment['HOME'] || homedir();
  const timeout = options.stuckRequestTimeout ?? defaultTimeout;
  const configFile = settings.get('config') || join(home, '.ssh', 'config');
  const connections = countSetting(settings, 'sftp.connections', defaultConnections);

  const pool = createPool(async (signal) => {
    const config = readSshConfig(configFile, location.host, home);
    if (config.proxy !== undefined) {
      throw new HoldfastError(
        'unsupported',
        `${configFile} leads to ${location.host} through another host or program`,
        {
          hint: 'open a tunnel with ssh -L, and name its end as the host',
        },
      );
    }
    const host = config.hostName ?? location.host;
    const port = location.port ?? config.port ?? 22;
    const user = location.user ?? credentials.user ?? config.user ?? userInfo().username;
    const login = loginOf({
      user,
      password: credentials.password ?? (environment['HOLDFAST_SFTP_PASSWORD'] || undefined),
      keyFile: credentials.keyFile ?? (environment['HOLDFAST_SFTP_KEY_FILE'] || undefined),
      keyPassphrase: credentials.keyPassphrase ?? (environment['HOLDFAST_SFTP_KEY_PASSPHRASE'] || undefined),
      identityFiles: config.identityFiles,
      agent: environment['SSH_AUTH_SOCK'] || undefined,
      home,
    });
    const named = settings.get('known-hosts');
    const files =
      named === undefined || named === '' ? usualKnownHosts(config.knownHostsFiles, home) : [named];
    const trust = trustIn(
      readKnownHosts(files, named !== undefined),
      config.hostKeyAlias ?? host,
      port,
      files[0]!,
    );
    return connectSession({ host, port, user, login, ...trust, timeout }, signal);
  }, connections);
  return createSftpStorage(text, location.path, pool);
}

function usualKnownHosts(configured: readonly string[], home: string): string[] {
  const own = ['known_hosts', 'known_hosts2'].map((name) => join(home, '.ssh', name));
  return [...(configured.length > 0 ? configured : own), '/etc/ssh/ssh_known_hosts'];
}

function readKnownHosts(files: readonly string[], mustExist: boolean): KnownHost[] {
  return files.flatMap((file) => {
    if (!mustExist && !existsSync(file)) return [];
    try {
      return parseKnownHosts(readFileSync(file, 'utf8'));
    } catch (cause) {
      throw new HoldfastError(
        'usage',
        `the file of known hosts ${file} cannot be read: ${messageOf(cause)}`,
        {
          cause,
        },
      );
    }
  });
}
