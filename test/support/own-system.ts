/**
 * A piece of a system of its own for servers that log users in: a user with a password who exists for that server alone, and
 * an end for all its processes when it is stopped. Needs root.
 */
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runProgram } from './program.ts';
import { isCi, toolPath } from './tools.ts';

export const testUser = { name: 'holdfast-test', password: 'correct horse', uid: 20_001 } as const;

export interface OwnSystem {
  /** the user's home, which is the user's */
  readonly home: string;
  /** a tmpfs of the user's with this size, for `small` of makeOwnSystem; as the server sees it */
  readonly smallDisk: string;
  /** what stands before a server's command */
  readonly enter: readonly string[];
}

/** What all servers have that log the test's user in. */
export interface UserServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  /** an absolute path on the server that the user may write to, and this process may read */
  readonly home: string;
  /** a full path of the server's on a disk of 1 MiB */
  readonly smallDisk: string;
  /** Kills it with all its connections. */
  stop(): Promise<void>;
  /** As stop, and it listens again afterwards, with the same keys and files. */
  restart(): Promise<void>;
}

/** For the `skip` option: false when there can be one, and in CI, where nothing may be skipped. */
export function skipWithoutOwnSystem(): string | false {
  if (process.getuid?.() === 0 || isCi()) return false;
  return 'servers that log users in are started by root alone';
}

/** Puts it together in `folder`, which others must be able to enter. `small` is the size of a disk, such as `1m`. */
export async function makeOwnSystem(folder: string, small = '1m'): Promise<OwnSystem> {
  const { name, password, uid } = testUser;
  chmodSync(folder, 0o755);
  const home = join(folder, 'home');
  mkdirSync(home);
  chownSync(home, uid, uid);
  const smallDisk = join(folder, 'small');
  mkdirSync(smallDisk);
  const { stdout } = await runProgram(toolPath('openssl'), ['passwd', '-6', '-stdin'], { input: password });
  const script = join(folder, 'enter');
  const lines = [
    'set -e',
    'mount -t tmpfs tmpfs /run',
    'mkdir -p /run/sshd /run/vsftpd/empty',
    `mount -t tmpfs -o size=${small},uid=${uid},gid=${uid} tmpfs ${smallDisk}`,
    `{ cat /etc/passwd; echo '${name}:x:${uid}:${uid}::${home}:/bin/sh'; } >/run/passwd`,
    `{ cat /etc/group; echo '${name}:x:${uid}:'; } >/run/group`,
    `{ cat /etc/shadow; echo '${name}:${stdout.trim()}:19000::::::'; } >/run/shadow`,
    'chmod 600 /run/shadow',
    'for file in passwd group shadow; do mount --bind /run/$file /etc/$file; done',
    // the distribution's own rules wait seconds after a wrong password
    "printf '%s required pam_unix.so nodelay\\n' auth account >/run/pam",
    '[ ! -e /etc/pam.d/vsftpd ] || mount --bind /run/pam /etc/pam.d/vsftpd',
    // the first process of a system must reap others' children, which not every server does
    '"$@"',
  ];
  writeFileSync(script, `${lines.join('\n')}\n`);
  return {
    home,
    smallDisk,
    enter: ['unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', script],
  };
}
