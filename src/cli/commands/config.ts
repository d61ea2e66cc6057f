/** `holdfast config` and its verbs */
import { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
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
    .addCommand(checkCommand(runtime))
    .addCommand(showCommand(runtime))
    .addCommand(schemaCommand(runtime));
  return withExamples(command, [
    ['holdfast config check', 'everything that is wrong, with file, line and column'],
    ['holdfast config show', 'what holds after defaults and profiles'],
    ['holdfast --config /srv/backup.yaml config check', 'of another file'],
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
