/** Builds the tree of commands: the called verb in full, of the others the name and a line. */
import { Command, CommanderError } from 'commander';
import { HoldfastError } from '../kernel/errors.ts';
import { firstOperand, normaliseArguments } from './arguments.ts';
import { globalOptions } from './global-options.ts';
import { formatHelp } from './help.ts';
import type { Verb } from './registry.ts';
import { verbs } from './registry.ts';
import type { Runtime } from './verb.ts';
import { versionLine } from './version.ts';

const description =
  'Backs up files and databases, into repositories that restic opens and archives that anybody opens.';

const epilogue = `
Examples:
  # back a folder up with nothing configured
  holdfast backup ~/documents

  # the same into a repository of your own
  holdfast -r s3://bucket/backups --password-file key backup ~/documents

\`holdfast help VERB\` shows the flags of a verb.`;

export interface ProgramEnd {
  /** it ran until a signal told it to stop: that is no interruption */
  readonly maybeStopped: boolean;
}

/** Runs the command line `args` (without program and script). Throws HoldfastError alone. */
export async function runProgram(given: readonly string[], runtime: Runtime): Promise<ProgramEnd> {
  const args = withoutHelpVerb(given);
  if (args[0] === 'backup-container') {
    // its flags are another program's
    const { isService, runContainer } = await import('./backup-container/run.ts');
    await runContainer(args.slice(1), runtime);
    return { maybeStopped: isService(args.slice(1)) };
  }
  await runVerb(args, runtime);
  return { maybeStopped: false };
}

async function runVerb(args: readonly string[], runtime: Runtime): Promise<void> {
  const at = firstOperand(args, globalOptions());
  const name = at === undefined ? undefined : args[at];
  const program = await buildProgram(runtime, (verb) => name !== undefined && isNamed(verb, name));
  if (args.length === 0) return program.outputHelp();
  try {
    const isVerb = name === undefined || name === 'help' || verbs.some((verb) => isNamed(verb, name));
    // Whatever flags follow, --help among them: a verb that does not exist is the thing to tell.
    const normal = isVerb ? normaliseArguments(args, allOptions(program)) : [name];
    if (at === undefined && !normal.some((arg) => helpFlags.includes(arg))) refuseNoVerb(program, normal);
    await program.parseAsync(normal, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode !== 0 && error.code !== 'commander.help') throw usageError(error);
  }
}

/** `help key add` is `key add --help`. */
function withoutHelpVerb(args: readonly string[]): readonly string[] {
  const at = firstOperand(args, globalOptions());
  if (at === undefined || args[at] !== 'help' || at + 1 === args.length) return args;
  return [...args.slice(at + 1), '--help'];
}

const helpFlags = ['-h', '--help', '-V', '--version'];

/** Flags alone: names what is wrong with them, else that there is no verb. */
function refuseNoVerb(program: Command, args: readonly string[]): never {
  const [unknown] = program.parseOptions([...args]).unknown;
  throw new HoldfastError('usage', unknown ? `unknown option "${unknown}"` : 'no verb is given', {
    hint: '`holdfast help` lists the verbs',
  });
}

/** The program with the verbs for which `wanted` says so in full. */
export async function buildProgram(runtime: Runtime, wanted: (verb: Verb) => boolean): Promise<Command> {
  const program = new Command('holdfast')
    .description(description)
    .usage('[flags] VERB [flags] [operands]')
    .version(versionLine(), '-V, --version', 'print the version')
    .helpCommand('help [verb]', 'show the help of a verb')
    .addHelpText('after', epilogue);
  for (const verb of verbs) {
    const command = wanted(verb) ? (await verb.load())(runtime) : new Command(verb.name);
    command.summary(verb.summary).aliases(verb.aliases ?? []);
    program.addCommand(command, { hidden: verb.hidden ?? false });
  }
  prepare(program, runtime);
  return program;
}

/** Global flags count before and after each verb; errors are thrown, not printed. */
function prepare(command: Command, runtime: Runtime): void {
  command
    .enablePositionalOptions()
    .exitOverride()
    .helpOption('-h, --help', 'show help')
    .showSuggestionAfterError()
    .configureOutput({
      writeOut: (text) => runtime.terminal.raw(text),
      writeErr: (text) => runtime.terminal.raw(text),
      outputError: () => {},
    });
  for (const option of globalOptions()) command.addOption(option);
  command.configureHelp({ formatHelp });
  for (const child of command.commands) prepare(child, runtime);
}

function allOptions(command: Command): Command['options'][number][] {
  return [...command.options, ...command.commands.flatMap(allOptions)];
}

function isNamed(verb: Verb, name: string): boolean {
  return verb.name === name || (verb.aliases?.includes(name) ?? false);
}

function usageError(error: CommanderError): HoldfastError {
  const [first = '', suggestion] = error.message.split('\n');
  const message = first.replace(/^error: /, '').replaceAll("'", '"');
  const guess = /^\(Did you mean (.*)\?\)$/.exec(suggestion ?? '')?.[1];
  return new HoldfastError('usage', message, {
    hint: guess ? `did you mean ${guess}?` : '`holdfast help` lists verbs, `holdfast help VERB` their flags',
  });
}
