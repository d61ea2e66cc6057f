/** Decides whether the key that a server shows is the one that is known for it, and says what to do when it is not. */
import { createHash } from 'node:crypto';
import { HoldfastError } from '../../kernel/errors.ts';
import { knownHostName, knownTypes, verdictOn } from './known-hosts.ts';
import type { KnownHost } from './known-hosts.ts';

export interface Trust {
  /** undefined lets the connection be made; else the reason why the server's key is not trusted */
  readonly judge: (key: Buffer) => HoldfastError | undefined;
  /** types of host keys to ask for first */
  readonly knownTypes: readonly string[];
}

/** `file` is where the user would add the key. */
export function trustIn(hosts: readonly KnownHost[], host: string, port: number, file: string): Trust {
  const name = knownHostName(host, port);
  const scan = `ssh-keyscan ${port === 22 ? '' : `-p ${port} `}${host}`;
  return {
    knownTypes: knownTypes(hosts, name),
    judge(key) {
      const fingerprint = `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
      const refuse = (message: string, hint: string): HoldfastError =>
        new HoldfastError('unreachable', message, { hint });
      switch (verdictOn(hosts, name, key)) {
        case 'known':
          return undefined;
        case 'unknown':
          return refuse(
            `the key of the host ${name} is not known (${fingerprint})`,
            `compare that with what its owner says, then ${scan} >> ${file}, or name another file with -o sftp.known-hosts=FILE`,
          );
        case 'changed':
          return refuse(
            `the key of the host ${name} has changed: it is now ${fingerprint}, and somebody may be posing as the server`,
            `ask its owner; when the new key is right, ssh-keygen -R '${name}' -f ${file}, then ${scan} >> ${file}`,
          );
        case 'revoked':
          return refuse(
            `the key of the host ${name} has been revoked (${fingerprint})`,
            `somebody may be posing as the server; see the line with @revoked in ${file}`,
          );
      }
    },
  };
}
