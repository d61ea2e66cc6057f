/** `holdfast config` and its verbs */
import { Command, Option } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { ConfigInitFlags } from '../run-config-init.ts';
import { collect } from '../values.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function configCommand(runtime: Runtime): Command {
  const command = new Command('config')
    .description(
      'Checks and shows the configuration: --config, $HOLDFAST_CONFIG, or all *.yaml in\n' +
        '~/.config/holdfast, else in /etc/holdfast.',
    )
    .usage('VERB [flags]');
  command
    .addCommand(initCommand(runtime))
    .addCommand(checkCommand(runtime))
    .addCommand(showCommand(runtime))
    .addCommand(schemaCommand(runtime));
  return withExamples(command, [
    ['holdfast config check', 'everything that is wrong, with file, line and column'],
    ['holdfast config show', 'what holds after defaults and profiles'],
    ['holdfast --config /srv/backup.yaml config check', 'of another file'],
  ]);
}

function initCommand(runtime: Runtime): Command {
  const command = verb(
    'init',
    '[flags]',
    'Writes a first configuration, with comments: asks at the terminal what flags do not say. A file that is there\n' +
      'is not overwritten.',
  )
    .summary('write a first configuration')
    .addOption(new Option('--source <path|url>', 'what is to be backed up').argParser(collect))
    .option(
      '--source-password <reference>',
      'where the password of databases is: env:NAME, file:PATH, command:COMMAND',
    )
    .option('--vault <location>', 'where to: a repository, or archive:LOCATION')
    .option(
      '--vault-password <reference>',
      'where the password of the repository is (default: a new key file)',
    )
    .option('--keep-daily <n>', 'keep the last of each of n days (default: 7)')
    .option('--keep-weekly <n>', 'keep the last of each of n weeks (default: 4)')
    .option('--keep-monthly <n>', 'keep the last of each of n months (default: 12)')
    .option('--webhook <url>', 'who is told when something is wrong: a URL, or where it is')
    .option('--mail <address>', 'the same by mail')
    .option('--mail-from <address>', 'sender of the mail')
    .option('--mail-server <host>', 'server that takes the mail')
    .option('--output <file>', 'file to write (default: ~/.config/holdfast/holdfast.yaml)')
    .option('--force', 'write it in the place of one that is there')
    .action(
      action<ConfigInitFlags>(runtime, async (invocation, operands, flags) => {
        refuseOperands('config init', operands);
        const { runConfigInit } = await import('../run-config-init.ts');
        await runConfigInit(invocation, flags);
      }),
    );
  return withExamples(command, [
    ['holdfast config init', 'asks'],
    [
      'holdfast config init --source /srv/www --source postgres://backup@db/shop --vault /backup',
      'asks nothing where nobody sits at a terminal',
    ],
  ]);
}

function checkCommand(runtime: Runtime): Command {
  const command = verb(
    'check',
    '[flags]',
    'Tells everything that is wrong with the configuration. The status is 1 when there is anything.',
  )
    .summary('check the configuration')
    .action(
      action(runtime, async (invocation, operands) => {
        refuseOperands('config check', operands);
        const { runConfigCheck } = await import('../run-config.ts');
        runConfigCheck(invocation);
      }),
    );
  return withExamples(command, [
    ['holdfast config check', 'before every change of the configuration goes live'],
  ]);
}

function showCommand(runtime: Runtime): Command {
  const command = verb(
    'show',
    '[flags] [NAME...]',
    'Shows the settings that hold after defaults and profiles, of all entries or of those with these names.\n' +
      'Secrets are not looked up; what may be one is hidden.',
  )
    .summary('show the settings that hold')
    .action(
      action(runtime, async (invocation, names) => {
        const { runConfigShow } = await import('../run-config.ts');
        runConfigShow(invocation, names);
      }),
    );
  return withExamples(command, [
    ['holdfast config show', 'everything'],
    ['holdfast config show nightly', 'the job, source or vault of this name'],
  ]);
}

function schemaCommand(runtime: Runtime): Command {
  const command = verb(
    'schema',
    '[flags]',
    'Prints the JSON Schema of configuration files, by which editors complete and check them.',
  )
    .summary('print the JSON Schema')
    .action(
      action(runtime, async (invocation, operands) => {
        refuseOperands('config schema', operands);
        const { runConfigSchema } = await import('../run-config.ts');
        runConfigSchema(invocation);
      }),
    );
  return withExamples(command, [
    [
      'holdfast config schema > holdfast.schema.json',
      'for `# yaml-language-server: $schema=holdfast.schema.json`',
    ],
  ]);
}

function refuseOperands(name: string, operands: readonly string[]): void {
  if (operands.length > 0) throw new HoldfastError('usage', `${name} takes no operands`);
}
