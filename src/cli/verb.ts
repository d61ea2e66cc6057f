/** What every verb gets to work with, and how its commander definition is tied to its code. */
import { Command } from 'commander';
import type { Context } from '../kernel/context.ts';
import { namedVault } from './configuration/named-vault.ts';
import type { Environment } from './environment.ts';
import type { GlobalSettings } from './global-options.ts';
import { globalSettings } from './global-options.ts';
import type { Terminal } from './output/terminal.ts';
import type { SecretInput } from './prompt.ts';
import { isArchive } from './repository-choice.ts';

/** The process as verbs see it; made once by main.ts, or by a test. */
export interface Runtime {
  readonly environment: Environment;
  readonly terminal: Terminal;
  readonly context: Context;
  /** standard input; opened when it is first asked for */
  readonly stdin: () => SecretInput;
}

/** One call of a verb. */
export interface Invocation extends Runtime {
  readonly settings: GlobalSettings;
}

/** Makes the commander definition of one verb. Definitions are light: what a verb needs is imported when it runs. */
export type VerbFactory = (runtime: Runtime) => Command;

/** A command with restic's conventions: any number of operands, which the verb itself judges. */
export function verb(name: string, usage: string, description: string): Command {
  return new Command(name).usage(usage).description(description).argument('[operands...]');
}

/** Does what a verb is for. */
export type RunVerb<Options> = (
  invocation: Invocation,
  operands: readonly string[],
  options: Options,
) => Promise<void>;

/** The same for several vaults, an invocation each. */
export type RunOnSeveral<Options> = (
  invocations: readonly Invocation[],
  operands: readonly string[],
  options: Options,
) => Promise<void>;

/**
 * The action of a verb: settles the global flags, and calls `run` with operands and the verb's own options.
 * @param onArchive loads what the verb does when an archive is chosen and no repository
 * @param onSeveral loads what it does when several vaults are named; without it the last one is meant
 */
export function action<Options extends object>(
  runtime: Runtime,
  run: RunVerb<Options>,
  onArchive?: () => Promise<RunVerb<Options>>,
  onSeveral?: () => Promise<RunOnSeveral<Options>>,
): (this: Command) => Promise<void> {
  return async function (this: Command) {
    const first = globalSettings(this, runtime.environment);
    runtime.terminal.json = first.json;
    runtime.terminal.verbosity = first.verbosity;
    if (onSeveral && first.repositories.length > 1) {
      const invocations: Invocation[] = [];
      for (const repository of first.repositories) {
        const own = globalSettings(this, runtime.environment, undefined, repository);
        invocations.push({ ...runtime, settings: await withNamedVault(this, runtime, own) });
      }
      return await (
        await onSeveral()
      )(invocations, this.args, this.opts<Options>());
    }
    const settings = await withNamedVault(this, runtime, first);
    for (const flag of settings.ignored) {
      runtime.terminal.detail(`${flag} has no effect: every blob is verified before it is uploaded`);
    }
    const chosen = onArchive && isArchive(settings.repository) ? await onArchive() : run;
    await chosen({ ...runtime, settings }, this.args, this.opts<Options>());
  };
}

/** The same settings with the vault of the configuration in place of its name, where the repository is named by one. */
async function withNamedVault(
  command: Command,
  { environment, terminal }: Runtime,
  settings: GlobalSettings,
): Promise<GlobalSettings> {
  const { repository, configuration } = settings;
  const vault = await namedVault(repository, configuration, environment, (line) => terminal.detail(line));
  return vault ? globalSettings(command, environment, vault, repository) : settings;
}

/** Adds examples below the help of a command; each is a command line and what it does. */
export function withExamples(
  command: Command,
  examples: readonly (readonly [line: string, does: string])[],
): Command {
  const text = examples.map(([line, does]) => `  # ${does}\n  ${line}`).join('\n\n');
  return command.addHelpText(
    'after',
    `\nExamples:\n${text}\n\n\`holdfast --help\` shows the flags of every verb.`,
  );
}
