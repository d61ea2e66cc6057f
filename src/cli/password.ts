/** Finds the password of a repository: command, file, environment, and at last the person who asks. Never the command line. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { HoldfastError } from '../kernel/errors.ts';
import { systemText } from '../kernel/native/system-error.ts';
import { readSecret as readReferredSecret } from '../kernel/secret.ts';
import type { RepositoryChoice } from './global-options.ts';
import { readSecret } from './prompt.ts';
import type { PromptOptions } from './prompt.ts';
import { splitShellWords } from '../kernel/shell-words.ts';

export type PasswordChoice = Pick<
  RepositoryChoice,
  'passwordFile' | 'passwordCommand' | 'password' | 'passwordReference' | 'insecureNoPassword'
>;

const noPasswordHint =
  'give it with --password-file, --password-command or HOLDFAST_PASSWORD; --insecure-no-password allows an empty one';

/** The password as bytes, when a source for it is configured; undefined when somebody has to be asked. */
export async function configuredPassword(
  choice: PasswordChoice,
  emptyHint?: string,
): Promise<Uint8Array | undefined> {
  const { insecureNoPassword, passwordCommand, passwordFile, password } = choice;
  if (insecureNoPassword) return new Uint8Array();
  if (choice.passwordReference) {
    const what = 'the password of the repository';
    return encodePassword(await readReferredSecret(choice.passwordReference, what, process.env), emptyHint);
  }
  if (passwordCommand) return encodePassword(await runPasswordCommand(passwordCommand), emptyHint);
  if (passwordFile) return encodePassword(await readPasswordFile(passwordFile), emptyHint);
  return password ? encodePassword(password, emptyHint) : undefined;
}

/** Asks once; code `usage` when the answer is empty. */
export async function askPassword(
  question: string,
  options: PromptOptions,
  emptyHint?: string,
): Promise<Uint8Array> {
  return encodePassword((await readSecret(question, options)).replace(/\r$/, ''), emptyHint);
}

/** Asks twice where a person sits at the terminal; code `usage` when the answers differ or are empty. */
export async function askNewPassword(
  options: PromptOptions,
  what = 'new repository',
  emptyHint?: string,
): Promise<Uint8Array> {
  const first = await askPassword(`enter password for ${what}: `, options, emptyHint);
  if (options.input.isTTY !== true) return first;
  const second = await askPassword('enter password again: ', options);
  if (!Buffer.from(first).equals(second)) throw new HoldfastError('usage', 'the passwords do not match');
  return first;
}

/** The text of a password file: UTF-8 or UTF-16 with a mark, without white space around it. */
export async function readPasswordFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause: unknown) => {
    const absent = (cause as NodeJS.ErrnoException).code === 'ENOENT';
    throw new HoldfastError(
      absent ? 'not-found' : 'failed',
      absent ? `the password file ${path} does not exist` : `the password file ${path} cannot be read`,
      {
        cause,
        hint: absent ? 'check its name: a relative one begins in the current folder' : systemText(cause),
      },
    );
  });
  return decodeText(bytes).trim();
}

/** Text with a UTF-8 or UTF-16 byte order mark, or UTF-8 without one. */
export function decodeText(bytes: Uint8Array): string {
  const [a, b] = bytes;
  if (a === 0xff && b === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (a === 0xfe && b === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  return new TextDecoder('utf-8').decode(bytes);
}

function encodePassword(text: string, emptyHint = noPasswordHint): Uint8Array {
  if (text === '') throw new HoldfastError('usage', 'the password is empty', { hint: emptyHint });
  return new TextEncoder().encode(text);
}

async function runPasswordCommand(command: string): Promise<string> {
  const [program, ...args] = splitShellWords(command);
  if (program === undefined) throw new HoldfastError('usage', 'the password command is empty');
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { encoding: 'utf8' }, (cause, stdout) => {
      if (!cause) return resolve(stdout.trim());
      const how = typeof cause.code === 'number' ? ` with status ${cause.code}` : `: ${systemText(cause)}`;
      reject(new HoldfastError('failed', `the password command ${program} failed${how}`, { cause }));
    });
    child.stderr?.pipe(process.stderr, { end: false });
    child.stdin?.end();
  });
}
