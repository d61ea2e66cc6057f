/** Tells MySQL's and MariaDB's programs how to enter: in a file that only we can read, gone when they are done. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Environment } from '../database/driver.ts';
import { enteringOptions, usualOptionFiles } from './usual-options.ts';

export interface OptionFile extends AsyncDisposable {
  /** come first among a program's arguments */
  readonly args: readonly string[];
}

/** What the usual files say of entering a server; whatever password they have, the one that is given is meant. */
export async function openOptionFile(
  password: string | undefined,
  environment: Environment,
): Promise<OptionFile> {
  let folder: string | undefined;
  const remove = async (): Promise<void> => {
    if (folder !== undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-'));
    const path = join(folder, 'my.cnf');
    await writeFile(path, optionFile(password, environment), { mode: 0o600 });
    return { args: [`--defaults-file=${path}`], [Symbol.asyncDispose]: remove };
  } catch (cause) {
    await remove();
    throw new HoldfastError(
      'failed',
      `the option file of the clients cannot be written: ${messageOf(cause)}`,
      {
        cause,
      },
    );
  }
}

function optionFile(password: string | undefined, environment: Environment): string {
  const usual = enteringOptions(usualOptionFiles(environment, environment['HOME'] ?? homedir()));
  return password === undefined ? usual : `${usual}[client]\npassword="${escaped(password)}"\n`;
}

const escapes: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
};

function escaped(password: string): string {
  return password.replaceAll(/[\\"\n\r\t\b]/g, (character) => escapes[character]!);
}
