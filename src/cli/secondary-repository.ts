/** The other repository of init and copy: the flags --from-*, and restic's older ones that end with 2. */
import type { Command } from 'commander';
import { Option } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import type { Environment } from './environment.ts';
import { setting } from './environment.ts';
import { namedVault } from './configuration/named-vault.ts';
import { ofVault, type RepositoryChoice } from './global-options.ts';
import type { Invocation } from './verb.ts';

export interface SecondaryFlags {
  fromRepo?: string;
  fromRepositoryFile?: string;
  fromPasswordFile?: string;
  fromPasswordCommand?: string;
  fromKeyHint?: string;
  fromInsecureNoPassword?: boolean;
  repo2?: string;
  repositoryFile2?: string;
  passwordFile2?: string;
  passwordCommand2?: string;
  keyHint2?: string;
}

export interface SecondaryChoice extends RepositoryChoice {
  /** named by restic's older flags, by which copy writes to the other repository instead of reading it */
  readonly legacy: boolean;
}

export function addSecondaryFlags(command: Command, purpose: string): Command {
  return command
    .option('--from-repo <repository>', `other repository, ${purpose} (default: $HOLDFAST_FROM_REPOSITORY)`)
    .option('--from-repository-file <file>', 'file that holds its location')
    .option('--from-password-file <file>', 'file that holds its password')
    .option('--from-password-command <command>', 'command that prints its password')
    .option('--from-key-hint <key>', 'id of its key to try first')
    .option('--from-insecure-no-password', 'its password is empty (insecure)')
    .addOption(new Option('--repo2 <repository>').hideHelp())
    .addOption(new Option('--repository-file2 <file>').hideHelp())
    .addOption(new Option('--password-file2 <file>').hideHelp())
    .addOption(new Option('--password-command2 <command>').hideHelp())
    .addOption(new Option('--key-hint2 <key>').hideHelp());
}

/** The other repository, or the vault that is called so; undefined when none is named. Code `usage` for contradictions. */
export async function secondaryChoice(
  flags: SecondaryFlags,
  { environment, settings, terminal }: Pick<Invocation, 'environment' | 'settings' | 'terminal'>,
): Promise<SecondaryChoice | undefined> {
  const choice = givenChoice(flags, environment);
  const say = (line: string): void => terminal.detail(line);
  const vault = await namedVault(choice?.repository, settings.configuration, environment, say);
  if (!choice || !vault) return choice;
  const typed = {
    ...defined('passwordFile', flags.fromPasswordFile ?? flags.passwordFile2),
    ...defined('passwordCommand', flags.fromPasswordCommand ?? flags.passwordCommand2),
    ...defined('insecureNoPassword', flags.fromInsecureNoPassword),
    ...defined('keyHint', flags.fromKeyHint ?? flags.keyHint2),
  };
  return { ...ofVault(choice, vault, typed), legacy: choice.legacy };
}

function givenChoice(flags: SecondaryFlags, environment: Environment): SecondaryChoice | undefined {
  const variable = (name: string): string | undefined => setting(environment, name);
  const modern = {
    legacy: false,
    repository: flags.fromRepo ?? variable('FROM_REPOSITORY'),
    repositoryFile: flags.fromRepositoryFile ?? variable('FROM_REPOSITORY_FILE'),
    passwordFile: flags.fromPasswordFile ?? variable('FROM_PASSWORD_FILE'),
    passwordCommand: flags.fromPasswordCommand ?? variable('FROM_PASSWORD_COMMAND'),
    password: variable('FROM_PASSWORD'),
    insecureNoPassword: flags.fromInsecureNoPassword ?? false,
    keyHint: flags.fromKeyHint ?? variable('FROM_KEY_HINT'),
  };
  const legacy = {
    legacy: true,
    repository: flags.repo2 ?? variable('REPOSITORY2'),
    repositoryFile: flags.repositoryFile2 ?? variable('REPOSITORY_FILE2'),
    passwordFile: flags.passwordFile2 ?? variable('PASSWORD_FILE2'),
    passwordCommand: flags.passwordCommand2 ?? variable('PASSWORD_COMMAND2'),
    password: variable('PASSWORD2'),
    insecureNoPassword: false,
    keyHint: flags.keyHint2 ?? variable('KEY_HINT2'),
  };
  if (isNamed(modern) && isNamed(legacy)) {
    throw new HoldfastError('usage', 'the flags --from-* and those that end with 2 contradict each other');
  }
  const choice = isNamed(legacy) ? legacy : modern;
  if (!isNamed(choice)) return undefined;
  if (choice.repository && choice.repositoryFile) {
    throw new HoldfastError('usage', '--from-repo and --from-repository-file contradict each other');
  }
  if (choice.passwordFile && choice.passwordCommand) {
    throw new HoldfastError(
      'usage',
      '--from-password-file and --from-password-command contradict each other',
    );
  }
  return choice;
}

function defined<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): { readonly [N in Name]?: Value } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [N in Name]: Value });
}

function isNamed(choice: RepositoryChoice): boolean {
  return choice.repository !== undefined || choice.repositoryFile !== undefined;
}
