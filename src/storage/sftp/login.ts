/** By what a user is known to an SSH server: keys of files, of the agent, a password, in the order in which they are tried. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ssh from 'ssh2';
import type { AnyAuthMethod } from 'ssh2';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';

export interface LoginOptions {
  readonly user: string;
  readonly password: string | undefined;
  /** the key that the user named: it must be there, and it is tried first */
  readonly keyFile: string | undefined;
  readonly keyPassphrase: string | undefined;
  /** keys of ~/.ssh/config; the usual ones where there are none */
  readonly identityFiles: readonly string[];
  /** socket of ssh-agent */
  readonly agent: string | undefined;
  readonly home: string;
}

export interface Login {
  readonly methods: readonly AnyAuthMethod[];
  /** what `methods` are, for messages */
  readonly ways: readonly string[];
}

const usualKeys = ['id_ed25519', 'id_ecdsa', 'id_rsa'];

/** Code `usage` for a key file that cannot be read, `bad-credentials` for one whose passphrase is wrong, or when there is nothing to try. */
export function loginOf(options: LoginOptions): Login {
  const { user: username, password, keyFile, agent, home } = options;
  const methods: AnyAuthMethod[] = [];
  const ways: string[] = [];
  if (keyFile !== undefined) {
    methods.push({ type: 'publickey', username, key: namedKey(keyFile, options.keyPassphrase) });
    ways.push(`key ${keyFile}`);
  } else {
    if (agent !== undefined) {
      methods.push({ type: 'agent', username, agent });
      ways.push('agent');
    }
    const others =
      options.identityFiles.length > 0
        ? options.identityFiles
        : usualKeys.map((name) => join(home, '.ssh', name));
    for (const path of others) {
      const key = keyIfUsable(path, options.keyPassphrase);
      if (key === undefined) continue;
      methods.push({ type: 'publickey', username, key });
      ways.push(`key ${path}`);
    }
  }
  if (password !== undefined) {
    methods.push({ type: 'password', username, password });
    methods.push({
      type: 'keyboard-interactive',
      username,
      prompt: (_name, _instructions, _language, prompts, finish) => finish(prompts.map(() => password)),
    });
    ways.push('password');
  }
  if (methods.length === 0) {
    throw new HoldfastError('bad-credentials', `there is no key and no password to log in as ${username}`, {
      hint: 'set HOLDFAST_SFTP_KEY_FILE or HOLDFAST_SFTP_PASSWORD, or start ssh-agent and add a key',
    });
  }
  return { methods, ways };
}

function namedKey(path: string, passphrase: string | undefined): ssh.ParsedKey {
  let text;
  try {
    text = readFileSync(path);
  } catch (cause) {
    throw new HoldfastError('usage', `the key file ${path} cannot be read: ${messageOf(cause)}`, { cause });
  }
  const key = parse(text, passphrase);
  if (!(key instanceof Error)) return key;
  if (!/passphrase|decrypt|integrity/i.test(key.message)) {
    throw new HoldfastError('usage', `the key file ${path} holds no private key that can be used`, {
      hint: 'ssh-keygen makes one; keys on hardware work through ssh-agent',
      cause: key,
    });
  }
  const what = passphrase === undefined ? 'is protected by a passphrase' : 'has another passphrase';
  throw new HoldfastError('bad-credentials', `the key ${path} ${what}`, {
    hint: 'set HOLDFAST_SFTP_KEY_PASSPHRASE, or add the key to ssh-agent',
    cause: key,
  });
}

/** Undefined for a key that is not there, or that nobody here can open: others may do. */
function keyIfUsable(path: string, passphrase: string | undefined): ssh.ParsedKey | undefined {
  try {
    const key = parse(readFileSync(path), passphrase);
    return key instanceof Error ? undefined : key;
  } catch {
    return undefined;
  }
}

function parse(text: Buffer, passphrase: string | undefined): ssh.ParsedKey | Error {
  const parsed = ssh.utils.parseKey(text, passphrase);
  const key = Array.isArray(parsed) ? parsed[0]! : parsed;
  if (!(key instanceof Error) && !key.isPrivateKey()) return new Error('it is a public key');
  return key;
}
