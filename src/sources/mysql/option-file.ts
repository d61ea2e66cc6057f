/** Hands a password to MySQL's and MariaDB's programs: in a file that only we can read, gone when they are done. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError, messageOf } from '../../kernel/errors.ts';
import type { Environment } from '../database/driver.ts';

export interface OptionFile extends AsyncDisposable {
  /** come first among a program's arguments */
  readonly args: readonly string[];
}

/** Without a password the programs read what they always read: ~/.my.cnf and those of the system. */
export async function openOptionFile(
  password: string | undefined,
  environment: Environment,
): Promise<OptionFile> {
  if (password === undefined) return { args: [], [Symbol.asyncDispose]: async () => {} };
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
    throw new HoldfastError('failed', `the database's password cannot be handed over: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** The usual files come first: whatever password they have, this one is meant. */
function optionFile(password: string, environment: Environment): string {
  const usual = ['/etc/my.cnf', '/etc/mysql/my.cnf', join(environment['HOME'] ?? homedir(), '.my.cnf')];
  const included = usual.filter((path) => existsSync(path)).map((path) => `!include ${path}\n`);
  return `${included.join('')}[client]\npassword="${escaped(password)}"\n`;
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
