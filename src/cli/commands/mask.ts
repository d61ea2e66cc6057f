/** `holdfast mask` and its verbs */
import { Command } from 'commander';
import { HoldfastError } from '../../kernel/errors.ts';
import type { SnapshotFlags } from '../snapshot-flags.ts';
import { addSnapshotFlags } from '../snapshot-flags.ts';
import type { Runtime } from '../verb.ts';
import { action, verb, withExamples } from '../verb.ts';

export function maskCommand(runtime: Runtime): Command {
  const command = new Command('mask')
    .description(
      'Proposes and checks rules by which personal data in databases becomes something else;\n' +
        '`--mask FILE` of backup, restore and dump applies them.',
    )
    .usage('VERB [flags]');
  command.addCommand(suggestCommand(runtime)).addCommand(checkCommand(runtime));
  return withExamples(command, [
    ['holdfast mask suggest latest > rules.yaml', 'rules for the database of a snapshot, with reasons'],
    ['holdfast mask check rules.yaml latest', 'what these rules leave as it is'],
    ['holdfast dump latest --mask rules.yaml | psql copy', 'a copy without real persons'],
  ]);
}

function suggestCommand(runtime: Runtime): Command {
  const command = verb(
    'suggest',
    '[flags] SNAPSHOT | URL',
    'Writes a rules file with every column of a database to standard output: what its name and a sample of\n' +
      'its values look like decides. Look at every line before you rely on it.',
  ).summary('propose rules');
  addSnapshotFlags(command).action(
    action<SnapshotFlags>(runtime, async (invocation, operands, flags) => {
      if (operands.length !== 1)
        throw wrongOperands('mask suggest takes a snapshot or the URL of a database');
      const { runMaskSuggest } = await import('../run-mask.ts');
      await runMaskSuggest(invocation, operands[0]!, flags);
    }),
  );
  return withExamples(command, [
    ['holdfast mask suggest postgres://db/shop > rules.yaml', 'for a live database'],
    ['holdfast mask suggest sqlite:/srv/shop.db > rules.yaml', 'for one of SQLite'],
    ['holdfast mask suggest latest --path /postgres/db_5432/shop', 'for that of a snapshot'],
  ]);
}

function checkCommand(runtime: Runtime): Command {
  const command = verb(
    'check',
    '[flags] RULES SNAPSHOT | URL',
    'Compares rules with a database: columns without a rule, patterns that fit nothing, keys that would not\n' +
      'hold, and columns that stay as they are and look personal. The status is 1 when there is anything.',
  ).summary('check rules');
  addSnapshotFlags(command).action(
    action<SnapshotFlags>(runtime, async (invocation, operands, flags) => {
      if (operands.length !== 2)
        throw wrongOperands('mask check takes a rules file, and a snapshot or a URL');
      const { runMaskCheck } = await import('../run-mask.ts');
      await runMaskCheck(invocation, operands[0]!, operands[1]!, flags);
    }),
  );
  return withExamples(command, [
    ['holdfast mask check rules.yaml latest', 'before every change of the schema'],
  ]);
}

function wrongOperands(message: string): HoldfastError {
  return new HoldfastError('usage', message, { hint: 'such as `latest`, or postgres://host/database' });
}
