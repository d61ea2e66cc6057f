/** The servers on the way to a host, as ~/.ssh/config has them: where each is, who logs in there, and what its key must be. */
import { existsSync, readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Hop } from './connection.ts';
import { trustIn } from './host-key.ts';
import { parseKnownHosts } from './known-hosts.ts';
import type { KnownHost } from './known-hosts.ts';
import type { LoginOptions } from './login.ts';
import { loginOf } from './login.ts';
import { readSshConfig } from './ssh-config.ts';

/** As a location or ProxyJump names it. */
export interface NamedHost {
  /** a name of ~/.ssh/config, too */
  readonly host: string;
  readonly port: number | undefined;
  readonly user: string | undefined;
}

export interface RouteOptions {
  readonly configFile: string;
  readonly home: string;
  /** the one file that counts; undefined for the usual ones */
  readonly knownHosts: string | undefined;
  readonly login: Pick<LoginOptions, 'password' | 'keyFile' | 'keyPassphrase' | 'agent'>;
}

/** More are a circle. */
const mostJumps = 8;

/** The last is `target`. Code `usage` for what makes no sense, `unsupported` for ProxyCommand; those of `loginOf`. */
export function routeTo(target: NamedHost, options: RouteOptions): Hop[] {
  return [...jumpsTo(target.host, options, mostJumps), hopTo(target, options, false)];
}

function jumpsTo(host: string, options: RouteOptions, left: number): Hop[] {
  const { configFile, home } = options;
  const { jumps, proxyCommand } = readSshConfig(configFile, host, home);
  if (proxyCommand !== undefined) {
    throw new HoldfastError('unsupported', `${configFile} leads to ${host} by a program (ProxyCommand)`, {
      hint: 'ProxyJump is understood; or open a tunnel with ssh -L, and name its end as the host',
    });
  }
  if (jumps.length > left) throw new HoldfastError('usage', `${configFile} leads to ${host} in a circle`);
  return jumps.flatMap((text, index) => {
    const jump = jumpOf(text, configFile);
    // those behind the first are reached through it, whatever else leads to them
    const before = index === 0 ? jumpsTo(jump.host, options, left - jumps.length) : [];
    return [...before, hopTo(jump, options, true)];
  });
}

function jumpOf(text: string, configFile: string): NamedHost {
  const found = /^(?:ssh:\/\/)?(?:([^@]+)@)?(?:\[([^\]]+)\]|([^:@%/]+))(?::(\d+))?\/?$/.exec(text.trim());
  const host = found?.[2] ?? found?.[3];
  if (host === undefined)
    throw new HoldfastError('usage', `${configFile}: ProxyJump ${text} names no host`, {
      hint: 'it is [USER@]HOST[:PORT], or several of these with commas',
    });
  return { host, user: found?.[1], port: found?.[4] === undefined ? undefined : Number(found[4]) };
}

/** A password is for the server at the end alone, and its key for others only where they have none of their own. */
function hopTo(named: NamedHost, options: RouteOptions, isJump: boolean): Hop {
  const { configFile, home, knownHosts, login } = options;
  const config = readSshConfig(configFile, named.host, home);
  const host = config.hostName ?? named.host;
  const port = named.port ?? config.port ?? 22;
  const user = named.user ?? config.user ?? userInfo().username;
  const files = knownHosts === undefined ? usualKnownHosts(config.knownHostsFiles, home) : [knownHosts];
  return {
    ...{ host, port, user },
    login: loginOf({
      ...{ ...login, user, identityFiles: config.identityFiles, home },
      ...(isJump && { password: undefined }),
      ...(isJump && config.identityFiles.length > 0 && { keyFile: undefined }),
    }),
    ...trustIn(readKnownHosts(files, knownHosts !== undefined), config.hostKeyAlias ?? host, port, files[0]!),
  };
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
