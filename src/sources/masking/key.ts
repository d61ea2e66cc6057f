/** Finds the secret of masking where a reference says it is; it never stands in a rules file or on a command line. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import { createMaskingKey, type MaskingKey } from './keyed-functions.ts';

const forms = 'env:NAME, file:PATH or command:COMMAND';

/**
 * The key behind `env:NAME`, `file:PATH` or `command:COMMAND` (run by the shell), without white space around it. Codes
 * `usage`, `not-found`, `failed`, `interrupted`; no message repeats the secret.
 */
export async function readMaskingKey(
  reference: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal?: AbortSignal,
): Promise<MaskingKey> {
  const [, kind, rest = ''] = /^(env|file|command):(.+)$/s.exec(reference) ?? [];
  let secret: string;
  if (kind === 'env') {
    const value = environment[rest];
    if (!value) {
      throw new HoldfastError('usage', `the masking key is to come from ${rest}, which is not set`);
    }
    secret = value;
  } else if (kind === 'file') {
    secret = await readKeyFile(rest);
  } else if (kind === 'command') {
    secret = await runKeyCommand(rest, signal);
  } else {
    throw new HoldfastError('usage', `the masking key is to be given as ${forms}`);
  }
  return createMaskingKey(Buffer.from(secret.trim()));
}

async function readKeyFile(path: string): Promise<string> {
  return readFile(path, 'utf8').catch((cause: unknown) => {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HoldfastError(
      absent ? 'not-found' : 'failed',
      absent ? `the masking key file ${path} does not exist` : `the masking key file ${path} cannot be read`,
      { cause, ...(absent ? {} : { hint: messageOf(cause) }) },
    );
  });
}

async function runKeyCommand(command: string, signal: AbortSignal | undefined): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      '/bin/sh',
      ['-c', command],
      { encoding: 'utf8', signal },
      (cause, stdout, stderr) => {
        if (!cause) return resolve(stdout);
        if (signal?.aborted) return reject(new HoldfastError('interrupted', 'interrupted', { cause }));
        const status = typeof cause.code === 'number' ? ` with status ${cause.code}` : '';
        const said = stderr.trim();
        // the cause of an execFile carries the command alone, not what it printed
        reject(
          new HoldfastError(
            'failed',
            `the masking key command failed${status}`,
            said === '' ? {} : { hint: said },
          ),
        );
      },
    );
    child.stdin?.end();
  });
}
