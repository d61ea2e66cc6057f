/** Secrets never stand where settings stand: a reference says where one is, and it is read when it is used. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { HoldfastError, messageOf } from './errors.ts';

export type SecretReference =
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'command'; readonly command: string };

/** How references are written, for messages. */
export const secretForms = 'env:NAME, file:PATH or command:COMMAND';

/** What `env:NAME`, `file:PATH` or `command:COMMAND` refers to; undefined for any other text. */
export function parseSecretReference(text: string): SecretReference | undefined {
  const [, kind, rest = ''] = /^(env|file|command):(.+)$/s.exec(text) ?? [];
  switch (kind) {
    case 'env':
      return { kind, name: rest };
    case 'file':
      return { kind, path: rest };
    case 'command':
      return { kind, command: rest };
  }
  return undefined;
}

/**
 * The secret without white space around it; a command is run by the shell.
 * @param what names it in messages, as in `the masking key`; codes `usage`, `not-found`, `failed`, `interrupted`, and no
 * message repeats the secret
 */
export async function readSecret(
  reference: SecretReference,
  what: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<string> {
  const text = await readRaw(reference, what, environment, signal);
  const secret = text.trim();
  if (secret !== '') return secret;
  throw new HoldfastError('usage', `${what} is empty`);
}

async function readRaw(
  reference: SecretReference,
  what: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  switch (reference.kind) {
    case 'env': {
      const value = environment[reference.name];
      if (value) return value;
      throw new HoldfastError('usage', `${what} is to come from ${reference.name}, which is not set`);
    }
    case 'file':
      return readSecretFile(reference.path, what);
    case 'command':
      return runSecretCommand(reference.command, what, environment, signal);
  }
}

async function readSecretFile(path: string, what: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HoldfastError(
      absent ? 'not-found' : 'failed',
      absent ? `${what} file ${path} does not exist` : `${what} file ${path} cannot be read`,
      { cause, ...(absent ? {} : { hint: messageOf(cause) }) },
    );
  });
}

async function runSecretCommand(
  command: string,
  what: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal | undefined,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      '/bin/sh',
      ['-c', command],
      { encoding: 'utf8', signal, env: environment as NodeJS.ProcessEnv },
      (cause, stdout, stderr) => {
        if (!cause) return resolve(stdout);
        if (signal?.aborted) return reject(new HoldfastError('interrupted', 'interrupted', { cause }));
        const status = typeof cause.code === 'number' ? ` with status ${cause.code}` : '';
        const said = stderr.trim();
        // the cause of an execFile carries the command alone, not what it printed
        const hint = said === '' ? {} : { hint: said };
        reject(new HoldfastError('failed', `${what} command failed${status}`, hint));
      },
    );
    child.stdin?.end();
  });
}
